// The control plane's host: writes the mesh's configuration, runs `agent discovery`, makes the tokens.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { clientConfig, NAMESPACE, serverConfig } from './mesh-config.ts';
import type { Topology } from './topology.ts';
import { until } from './until.ts';
import { Window } from './window.ts';

export class ControlPlane {
  /** Looks into the control plane's network, where nobody has a certificate. */
  readonly window: Window;
  readonly #topology: Topology;
  readonly #home: string;

  private constructor(topology: Topology, window: Window, home: string) {
    this.window = window;
    this.#topology = topology;
    this.#home = home;
  }

  /** Resolves when it listens. */
  static async start(topology: Topology, signal: AbortSignal): Promise<ControlPlane> {
    const { layout } = topology;
    const home = join(layout.directory, 'control');
    const config = join(home, 'config');
    await mkdir(config, { recursive: true });
    await writeFile(join(config, 'client.yaml'), stringify(clientConfig(layout)));
    await writeFile(join(config, 'server.yaml'), stringify(serverConfig(layout)));
    const files = ['--config-dir', config, '--state-dir', home];
    const listen = ['--address', layout.hosts.control.address, '--port', String(layout.discoveryPort)];
    const args = topology.agent('discovery', ...files, ...listen);
    const program = await topology.start('control', 'discovery', { args, cwd: home });
    await until(async () => (await program.output()).includes('discovery and CA listen'), program, signal);
    return new ControlPlane(topology, await Window.open(topology, 'control'), home);
  }

  /** What changes in this folder is pushed. */
  get configDirectory(): string {
    return join(this.#home, 'config');
  }

  /** The root certificate the workloads must trust. */
  get rootCertificate(): string {
    return join(this.#home, 'root-cert.pem');
  }

  /** A token as Kubernetes projects it, for a service account of the demo's namespace. */
  async token(serviceAccount: string): Promise<string> {
    const who = ['--namespace', NAMESPACE, '--service-account', serviceAccount];
    const args = this.#topology.agent('discovery', 'token', '--state-dir', this.#home, ...who);
    return (await this.#topology.run('control', { args, cwd: this.#home })).trim();
  }
}
