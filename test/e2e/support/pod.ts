// A pod without a cluster: a folder laid out like an injected container's root, and `agent proxy` started in it as
// a process of its own. Ports are free ones of 127.0.0.1; output goes to a file, as a container's does.

import { spawn, type ChildProcess } from 'node:child_process';
import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { fetchEnvoy } from '../../../examples/demo/fetch-envoy.ts';
import { freePorts } from '../../../examples/demo/free-ports.ts';
import { readTextIfExists } from '../../../src/runtime/files.ts';
import { forbidSecrets } from '../../support/secret-shapes.ts';
import type { ControlPlane } from './control-plane.ts';

const AGENT = resolve(import.meta.dirname, '../../../src/cli/agent.ts');

export interface PodOptions {
  readonly control: ControlPlane;
  /** Added to the default ones, or `undefined` to leave one out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Laid over the ports and the discovery address. */
  readonly proxyConfig?: object;
  /** Default: those of an injected pod. */
  readonly args?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default `web`. */
  readonly serviceAccount?: string;
  /** Words before those of the agent: the program, and options of Node before it. Default: the sources. */
  readonly program?: readonly string[];
  /** True: the agent leads a process group of its own. */
  readonly detached?: boolean;
  /** Changes the container's files before the agent starts. */
  readonly prepare?: (root: string) => Promise<void>;
}

export interface PodPorts {
  readonly status: number;
  readonly admin: number;
  /** Envoy's readiness listener, 15021 in a cluster. */
  readonly health: number;
  readonly prometheus: number;
}

export interface PodExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export const INJECTED_ARGS: readonly string[] = [
  'proxy',
  'sidecar',
  '--domain',
  'default.svc.cluster.local',
  '--proxyLogLevel=warning',
  '--proxyComponentLogLevel=misc:error',
  '--log_output_level=default:info',
];

export class Pod implements AsyncDisposable {
  /** The container's root. */
  readonly root: string;
  readonly ports: PodPorts;
  readonly exited: Promise<PodExit>;
  readonly #child: ChildProcess;

  private constructor(root: string, ports: PodPorts, child: ChildProcess) {
    this.root = root;
    this.ports = ports;
    this.#child = child;
    this.exited = new Promise((done) => {
      child.once('exit', (code, signal) => done({ code, signal }));
    });
  }

  /** Lays out the folder and starts the agent; does not wait for it to be ready. */
  static async start(root: string, options: PodOptions): Promise<Pod> {
    const ports = await podPorts();
    await layOut(root, options);
    await options.prepare?.(root);
    const output = await open(join(root, 'agent.log'), 'a');
    try {
      const child = spawn(
        process.execPath,
        [...(options.program ?? [AGENT]), ...(options.args ?? INJECTED_ARGS)],
        {
          cwd: root,
          env: await podEnvironment(options, ports),
          stdio: ['ignore', output.fd, output.fd],
          detached: options.detached ?? false,
        },
      );
      return new Pod(root, ports, child);
    } finally {
      await output.close();
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Everything agent and Envoy have printed. */
  log(): Promise<string> {
    return readFile(join(this.root, 'agent.log'), 'utf8');
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** An endpoint of the agent's status port. */
  status(path: string): string {
    return `http://127.0.0.1:${this.ports.status}${path}`;
  }

  /** A page of Envoy's admin. */
  admin(path: string): string {
    return `http://127.0.0.1:${this.ports.admin}${path}`;
  }

  /** Waits for 200 through Envoy's own listener, as the kubelet does; rejects with the log when the agent ends. */
  async ready(timeoutMs = 20_000): Promise<void> {
    const url = `http://127.0.0.1:${this.ports.health}/healthz/ready`;
    await this.until(async () => (await fetch(url)).status === 200, timeoutMs);
  }

  /** Polls `condition` until it holds; a rejection counts as not yet. */
  async until(condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (await condition().catch(() => false)) return; // nobody listens yet
      const ended = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (ended || performance.now() > deadline) {
        throw new Error(`${ended ? 'the agent ended' : 'waited in vain'}:\n${await this.log()}`);
      }
      await sleep(50);
    }
  }

  /** SIGTERM, and the exit that follows. */
  async stop(): Promise<PodExit> {
    this.signal('SIGTERM');
    return this.exited;
  }

  /** Ends what a failed test left, and looks through what was printed. @throws when there is a secret in it */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    const printed = await readTextIfExists(join(this.root, 'agent.log'));
    forbidSecrets(printed ?? '', 'the agent or its Envoy');
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.signal('SIGTERM');
    const killer = setTimeout(() => this.signal('SIGKILL'), 15_000);
    await this.exited;
    clearTimeout(killer);
  }
}

async function podPorts(): Promise<PodPorts> {
  const [status = 0, admin = 0, health = 0, prometheus = 0] = await freePorts(4);
  return { status, admin, health, prometheus };
}

async function layOut(root: string, options: PodOptions): Promise<void> {
  const { control, serviceAccount = 'web', labels = { app: 'web' }, annotations = {} } = options;
  const folders = ['etc/istio/proxy', 'etc/istio/pod', 'var/run/secrets/istio', 'var/run/secrets/tokens'];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  await copyFile(control.rootCertificatePath, join(root, 'var/run/secrets/istio/root-cert.pem'));
  const token = await control.token('default', serviceAccount);
  await writeFile(join(root, 'var/run/secrets/tokens/istio-token'), token);
  await writeFile(join(root, 'etc/istio/pod/labels'), downwardApi(labels));
  await writeFile(join(root, 'etc/istio/pod/annotations'), downwardApi(annotations));
}

function downwardApi(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

async function podEnvironment(
  { control, env, proxyConfig, serviceAccount = 'web' }: PodOptions,
  ports: PodPorts,
): Promise<Record<string, string>> {
  const variables: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    PILOT_CERT_PROVIDER: 'istiod',
    CA_ADDR: control.address,
    POD_NAME: `${serviceAccount}-1`,
    POD_NAMESPACE: 'default',
    INSTANCE_IP: '127.0.0.1',
    SERVICE_ACCOUNT: serviceAccount,
    HOST_IP: '127.0.0.1',
    ISTIO_CPU_LIMIT: '2',
    ISTIO_META_CLUSTER_ID: 'Kubernetes',
    ISTIO_META_INTERCEPTION_MODE: 'REDIRECT',
    ISTIO_META_MESH_ID: 'cluster.local',
    TRUST_DOMAIN: 'cluster.local',
    CLOUD_PLATFORM: 'none',
    ENVOY_PATH: await fetchEnvoy(),
    ENVOY_STATUS_PORT: String(ports.health),
    ENVOY_PROMETHEUS_PORT: String(ports.prometheus),
    PROXY_CONFIG: JSON.stringify({
      discoveryAddress: control.address,
      proxyAdminPort: ports.admin,
      statusPort: ports.status,
      drainDuration: '2s',
      parentShutdownDuration: '3s',
      terminationDrainDuration: '1s',
      ...proxyConfig,
    }),
    ...env,
  };
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
