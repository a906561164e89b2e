// An agent process without Envoy before the embedded control plane: whatever Envoy would do on its socket, the test does.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Pod, type PodOptions } from '../pod.ts';
import { answeringListener, staticCluster } from '../mesh-resources.ts';
import { EnvoyConnection } from './envoy-connection.ts';

/** What the control plane has for every proxy: one cluster and one listener. */
export const XDS_CONFIG = {
  'all.yaml': { resources: [answeringListener('hello', 9), staticCluster('web', 9)] },
};

export class XdsPod implements AsyncDisposable {
  readonly pod: Pod;
  readonly #connections = new DisposableStack();

  /** Resolves when the socket is served. */
  static async start(root: string, options: PodOptions): Promise<XdsPod> {
    const env = { DISABLE_ENVOY: 'true', ...options.env };
    const started = new XdsPod(await Pod.start(root, { ...options, env }));
    await started.pod.until(async () => (await stat(started.socketPath)).isSocket());
    return started;
  }

  private constructor(pod: Pod) {
    this.pod = pod;
  }

  get socketPath(): string {
    return join(this.pod.root, 'etc/istio/proxy/XDS');
  }

  /** A connection of its own; closed with the pod. */
  connect(): EnvoyConnection {
    return this.#connections.use(new EnvoyConnection(this.socketPath));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connections.dispose();
    await this.pod[Symbol.asyncDispose]();
  }
}
