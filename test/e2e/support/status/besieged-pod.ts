// An agent that is probed and scraped in a pod of bad applications, and what it holds. Its memory is watched from
// inside; no Envoy takes processor time beside it.

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { ControlPlane } from '../control-plane.ts';
import { Pod } from '../pod.ts';
import type { ApplicationName } from './bad-applications.ts';

const MEMORY_SOCKET = 'memory-probe';
const MEMORY_PROBE = resolve(import.meta.dirname, 'memory-probe.ts');
const SIEGE = resolve(import.meta.dirname, 'siege.ts');
const APPLICATIONS = resolve(import.meta.dirname, 'bad-applications.ts');
/** For garbage that is found in the second round only. */
const SETTLE_MS = 200;
const AGENT = resolve(import.meta.dirname, '../../../../src/cli/agent.ts');

/** How often, by path and status. */
export type Answers = Readonly<Record<string, number>>;

export interface Holdings {
  readonly descriptors: number;
  /** In use, after the garbage was collected. */
  readonly memoryMiB: number;
}

export class BesiegedPod implements AsyncDisposable {
  readonly pod: Pod;
  readonly #memorySocket: string;
  readonly #opened: AsyncDisposableStack;

  private constructor(pod: Pod, folder: string, opened: AsyncDisposableStack) {
    this.pod = pod;
    this.#memorySocket = join(folder, MEMORY_SOCKET);
    this.#opened = opened;
  }

  /** Resolves when the agent is ready. @param scraped applications whose metrics it merges, in order */
  static async start(
    scraped: readonly ApplicationName[],
    env: Record<string, string> = {},
  ): Promise<BesiegedPod> {
    await using opened = new AsyncDisposableStack();
    const folder = opened.use(await temporaryDirectory());
    const ports = await startApplications(opened);
    const control = opened.use(await ControlPlane.start(join(folder.path, 'control'), { config: {} }));
    const targets = scraped.map((name) => ({ port: String(ports[name]), path: '/metrics' }));
    const pod = await Pod.start(join(folder.path, 'pod'), {
      control,
      program: ['--import', MEMORY_PROBE, AGENT],
      env: {
        DISABLE_ENVOY: 'true',
        ISTIO_PROMETHEUS_ANNOTATIONS: JSON.stringify({ scrape: 'true', targets }),
        ISTIO_KUBE_APP_PROBERS: JSON.stringify(probers(ports)),
        MEMORY_PROBE_SOCKET: join(folder.path, MEMORY_SOCKET),
        ...env,
      },
    });
    opened.use(pod);
    await pod.until(async () => (await fetch(pod.status('/healthz/ready'))).ok);
    return new BesiegedPod(pod, folder.path, opened.move());
  }

  /** Callers of every kind come, as many at once as nobody should, while `act` runs. @returns their answers */
  async siege(probed: readonly ApplicationName[], act: () => Promise<void>): Promise<Answers> {
    const words = [String(this.pod.ports.status), ...probed.map(probePath)];
    const child = fork(SIEGE, words);
    const failed = once(child, 'exit').then(() => {
      throw new Error('the besiegers have ended');
    });
    failed.catch(() => undefined); // their normal end
    await Promise.race([once(child, 'message'), failed]);
    try {
      await act();
    } finally {
      child.send('leave');
    }
    const [answers] = await Promise.race([once(child, 'message'), failed]);
    return answers as Answers;
  }

  /** Time the agent's main thread has had a processor, milliseconds. */
  async busyMs(): Promise<number> {
    const { pid } = this.pod;
    const [nanoseconds] = (await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8')).split(' ');
    return Number(nanoseconds) / 1e6;
  }

  /** Waits until it holds no more than that; by default, than a moment ago. */
  async settled({
    descriptors = Infinity,
    memoryMiB,
  }: Partial<Holdings> & { memoryMiB: number }): Promise<void> {
    let last = await this.holdings();
    try {
      await this.pod.until(async () => {
        await sleep(SETTLE_MS);
        const previous = last;
        last = await this.holdings();
        const few = last.descriptors <= Math.min(descriptors, previous.descriptors);
        return few && last.memoryMiB <= memoryMiB;
      });
    } catch (error) {
      throw new Error(`still holds ${JSON.stringify(last)}, not ${descriptors} and ${memoryMiB}`, {
        cause: error,
      });
    }
  }

  async holdings(): Promise<Holdings> {
    const descriptors = (await readdir(`/proc/${this.pod.pid}/fd`)).length;
    const bytes = Number(await text(connect(this.#memorySocket)));
    return { descriptors, memoryMiB: bytes / 1024 ** 2 };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

/** Where the kubelet asks for an application's health. */
export function probePath(name: ApplicationName): string {
  return `/app-health/${name}/livez`;
}

type Ports = Readonly<Record<ApplicationName, number>>;

function probers(ports: Ports): object {
  const rows = Object.entries(ports).map(([name, port]) => {
    const prober = { httpGet: { path: '/healthy', port }, timeoutSeconds: 1 };
    return [probePath(name as ApplicationName), prober];
  });
  return Object.fromEntries(rows);
}

async function startApplications(opened: AsyncDisposableStack): Promise<Ports> {
  const child = spawn(process.execPath, [APPLICATIONS], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  opened.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return JSON.parse(line) as Ports;
}
