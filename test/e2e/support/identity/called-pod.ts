// The workload under test: its agent and Envoy as in any pod, what can be done to its credentials, and what can be
// seen of its certificate.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';

import { issueToken } from '../../../../src/discovery/token.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import type { EnvoySnapshot } from '../../../../src/envoy/snapshot.ts';
import { Pod } from '../pod.ts';
import type { CaGate } from './ca-gate.ts';
import type { FaultMesh } from './fault-mesh.ts';
import { MESH_HOST } from './mutual-tls.ts';

export interface CalledOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** See PodOptions. */
  readonly program?: readonly string[];
  readonly args?: readonly string[];
}

interface Parts {
  readonly mesh: FaultMesh;
  readonly gate: CaGate;
  readonly name: string;
  readonly url: string;
  readonly port: number;
}

const TOKEN = 'var/run/secrets/tokens/istio-token';
const HOUR_MS = 3_600_000;

export class CalledPod implements AsyncDisposable {
  readonly mesh: FaultMesh;
  /** Before its CA. */
  readonly gate: CaGate;
  /** A request there is passed on to this workload by the calling Envoy. */
  readonly url: string;
  readonly root: string;
  readonly #name: string;
  readonly #port: number;
  readonly #options: CalledOptions;
  #pod: Pod | undefined;

  constructor({ mesh, gate, name, url, port }: Parts, options: CalledOptions) {
    this.mesh = mesh;
    this.gate = gate;
    this.url = url;
    this.root = join(mesh.folder, name);
    this.#name = name;
    this.#port = port;
    this.#options = options;
  }

  /** Undefined before the agent was started. */
  get pod(): Pod | undefined {
    return this.#pod;
  }

  /** @param prepare with the files of the pod in place */
  async start(prepare: () => Promise<void>): Promise<Pod> {
    const { mesh, gate } = this;
    const { env = {}, program, args } = this.#options;
    return (this.#pod = await Pod.start(this.root, {
      control: mesh.control,
      serviceAccount: this.#name,
      env: { CA_ADDR: `127.0.0.1:${gate.port}`, ENVOY_RESTART_DEBOUNCE: '1h', ...env },
      prepare,
      ...(program && { program }),
      ...(args && { args }),
    }));
  }

  get tokenPath(): string {
    return this.path(TOKEN);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  removeToken(): Promise<void> {
    return rm(this.tokenPath);
  }

  /** @param agoMs how long ago it was made, to last an hour */
  async mountToken(agoMs = 0): Promise<void> {
    const clock = { ...systemClock(), now: () => Date.now() - agoMs };
    const request = {
      stateDirectory: join(this.mesh.folder, 'control/state'),
      namespace: 'default',
      serviceAccount: this.#name,
      ttlMs: HOUR_MS,
    };
    await writeFile(this.tokenPath, await issueToken(request, clock));
  }

  /** Of the certificate that Envoy shows to a new connection; undefined when it takes none. */
  serial(): Promise<string | undefined> {
    return new Promise((resolve) => {
      // Only looked at: Envoy itself ends a connection without a certificate.
      const socket = connect({ port: this.#port, host: MESH_HOST, rejectUnauthorized: false });
      const give = (serial: string | undefined): void => {
        socket.destroy();
        resolve(serial);
      };
      socket.once('secureConnect', () => give(socket.getPeerCertificate().serialNumber));
      socket.on('error', () => give(undefined));
    });
  }

  async readiness(): Promise<number> {
    return (await fetch(this.#started.status('/healthz/ready'))).status;
  }

  async envoys(): Promise<EnvoySnapshot> {
    const text = await (await fetch(this.#started.status('/debug/envoyz'))).text();
    return JSON.parse(text, (_key, value: unknown) => value ?? undefined) as EnvoySnapshot;
  }

  async rotate(): Promise<void> {
    await fetch(this.#started.status('/rotate'), { method: 'POST' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pod?.[Symbol.asyncDispose]();
    await this.gate[Symbol.asyncDispose]();
  }

  get #started(): Pod {
    if (this.#pod === undefined) throw new Error('the agent was not started');
    return this.#pod;
  }
}
