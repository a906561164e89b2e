// A pod whose Envoy is restarted: the whole agent, a control plane that can be made silent or taken away, and one
// listener by xDS that carries the load. What the supervisor does is read from the status port.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { EnvoySnapshot } from '../../../src/envoy/snapshot.ts';
import { freePorts } from '../../../examples/demo/free-ports.ts';
import { ControlPlane } from './control-plane.ts';
import { answeringListener, staticCluster } from './mesh-resources.ts';
import { Pod, type PodExit } from './pod.ts';
import { Relay } from './relay.ts';

/** How an operator asks for a restart, as it comes by default. */
export const RESTART_REQUESTS = ['POST /restart', 'SIGHUP'] as const;
export type RestartRequest = (typeof RESTART_REQUESTS)[number] | 'POST /restart?force=true';

/** What can become of it, as the supervisor counts it. */
export type Outcome = 'committed' | 'refused' | 'rolledBack';

export interface RestartingPodOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly proxyConfig?: object;
  /** Words before those of the agent; default: its sources. */
  readonly program?: readonly string[];
  /** Changes the listener that carries the load. */
  readonly listener?: (listener: object) => object;
  /** Resources beside the listener and the one cluster there is. */
  readonly resources?: readonly object[];
}

/** Dates are texts here. */
export type Snapshot = EnvoySnapshot;

/** Changed files cause restarts at a time of their own, which most tests do not want. */
const NO_FILE_RESTARTS = { ENVOY_RESTART_DEBOUNCE: '1h' };

const MESH_FILE = 'etc/istio/config/mesh';
const LISTENER_FILE = 'listener.yaml';

export class RestartingPod implements AsyncDisposable {
  readonly pod: Pod;
  /** Between the agent's xDS and the control plane. */
  readonly relay: Relay;
  /** Where the load goes. */
  readonly url: string;
  readonly trafficPort: number;
  readonly #folder: string;
  readonly #served: Served;
  #control: ControlPlane;

  private constructor(folder: string, served: Served, control: ControlPlane, relay: Relay, pod: Pod) {
    this.#folder = folder;
    this.#served = served;
    this.#control = control;
    this.relay = relay;
    this.pod = pod;
    this.trafficPort = served.port;
    this.url = `http://127.0.0.1:${served.port}/`;
  }

  /** @param folder empty; @returns when the pod is ready */
  static async start(folder: string, options: RestartingPodOptions = {}): Promise<RestartingPod> {
    const [port = 0] = await freePorts(1);
    const { listener = unchanged, resources = [], program } = options;
    const served = { port, listener, resources };
    await using opened = new AsyncDisposableStack();
    const control = opened.use(await startControlPlane(folder, served));
    const relay = opened.use(await Relay.start(control.port));
    const proxyConfig = { discoveryAddress: `127.0.0.1:${relay.port}`, ...options.proxyConfig };
    const env = { ...NO_FILE_RESTARTS, ...options.env };
    const words = program && { program };
    const pod = opened.use(await Pod.start(join(folder, 'pod'), { control, env, proxyConfig, ...words }));
    await pod.ready();
    const started = new RestartingPod(folder, served, control, relay, pod);
    await started.settled(); // the supervisor looks at Envoy less often than the test does
    opened.move();
    return started;
  }

  /** `/debug/envoyz`. */
  async snapshot(): Promise<Snapshot> {
    const text = await (await fetch(this.pod.status('/debug/envoyz'))).text();
    return JSON.parse(text, (_key, value: unknown) => value ?? undefined) as Snapshot; // null: there is none
  }

  /** Waits until the supervisor's own words satisfy `holds`. */
  async until(holds: (snapshot: Snapshot) => boolean, timeoutMs = 60_000): Promise<void> {
    await this.pod.until(async () => holds(await this.snapshot()), timeoutMs);
  }

  /** Asks for a restart and waits until the supervisor has counted it, whatever became of it. */
  async restart(request: RestartRequest): Promise<Outcome> {
    const before = await this.snapshot();
    await this.ask(request);
    return this.outcomeSince(before);
  }

  /** Asks for a restart and does not wait for it. */
  async ask(request: RestartRequest): Promise<void> {
    if (request === 'SIGHUP') this.pod.signal('SIGHUP');
    else await accepted(fetch(this.pod.status(request.replace('POST ', '')), { method: 'POST' }));
  }

  /** Waits for the next restart after an earlier look, and tells what became of it. */
  async outcomeSince({ restarts: before }: Snapshot): Promise<Outcome> {
    const outcomes = ['committed', 'refused', 'rolledBack'] as const;
    let outcome: Outcome | undefined;
    await this.until(({ restarts }) => {
      outcome = outcomes.find((kind) => restarts[kind] > before[kind]);
      return outcome !== undefined;
    });
    return outcome ?? 'refused';
  }

  /** Waits until one Envoy runs, with its admin port, and nothing else is under way. */
  async settled(): Promise<Snapshot> {
    let last: Snapshot | undefined;
    await this.until((snapshot) => {
      last = snapshot;
      const { phase, candidate, draining, pending } = snapshot;
      return phase === 'running' && candidate === undefined && draining.length + pending.length === 0;
    });
    return last ?? this.snapshot();
  }

  /** The agent's mesh file, read again at every restart; there is none at the start. */
  async writeMeshFile(text: string): Promise<void> {
    const path = join(this.pod.root, MESH_FILE);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Pushes the listener with another answer. */
  push(body: string): Promise<void> {
    return this.#control.write(LISTENER_FILE, documentOf(this.#served, body));
  }

  /** Listener updates that an Envoy has accepted since the control plane was started, and those it has refused. */
  listenerAnswers(): { readonly accepted: number; readonly refused: number } {
    const messages = this.#control.recorded.messages().filter((message) => message.startsWith('ADS:LDS: '));
    const refused = messages.filter((message) => message.includes('ACK ERROR')).length;
    return { accepted: messages.filter((message) => message.includes('ADS:LDS: ack ')).length, refused };
  }

  async stopControlPlane(): Promise<void> {
    await this.#control.close();
  }

  /** The same control plane again: port, root and keys are those it had. */
  async startControlPlane(): Promise<void> {
    this.#control = await startControlPlane(this.#folder, this.#served, this.#control.port);
  }

  stop(): Promise<PodExit> {
    return this.pod.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pod[Symbol.asyncDispose]();
    await this.relay[Symbol.asyncDispose]();
    await this.#control.close();
  }
}

/** What a process holds, as the kernel sees it. */
export interface Holdings {
  readonly openFiles: number;
  readonly residentMb: number;
  /** Memory that would be free without it. */
  readonly privateMb: number;
  /** Process ids. */
  readonly children: readonly number[];
}

export async function holdingsOf(pid: number): Promise<Holdings> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const memory = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(memory)?.[1]) / 1024;
  return {
    openFiles: (await readdir(`/proc/${pid}/fd`)).length,
    residentMb: Math.round(megabytes('Rss')),
    privateMb: Math.round(megabytes('Private_Clean') + megabytes('Private_Dirty')),
    children: children.split(' ').filter(Boolean).map(Number),
  };
}

/** The shared memory of the pod's hot-restart line. */
export function regionOf({ baseId = 0 }: Snapshot): string {
  return `/dev/shm/envoy_shared_memory_${baseId * 10}`;
}

/** What the control plane has. */
interface Served {
  /** Of the listener. */
  readonly port: number;
  readonly listener: (listener: object) => object;
  readonly resources: readonly object[];
}

function unchanged(listener: object): object {
  return listener;
}

function startControlPlane(folder: string, served: Served, port = 0): Promise<ControlPlane> {
  const config = { [LISTENER_FILE]: documentOf(served, 'hello') };
  return ControlPlane.start(join(folder, 'control'), { config, port });
}

function documentOf({ port, listener, resources }: Served, body: string): object {
  const traffic = listener(answeringListener('traffic', port, body));
  return { resources: [traffic, staticCluster('unused', port), ...resources] };
}

async function accepted(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  if (response.status !== 202) throw new Error(`POST /restart is refused: ${await response.text()}`);
}
