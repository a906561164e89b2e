// A network namespace of its own for one test, with its own view of /etc/resolv.conf. It lives as long as the process
// that holds it, so nothing stays behind, not even when the test run is killed.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The whole environment; default: that of the test. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

const PROGRAMS = ['unshare', 'nsenter', 'setpriv', 'ip', 'iptables-nft'];

/**
 * Why namespaces with rules cannot be made here, in a few words; undefined when they can.
 *
 * @param more programs that are needed beside those that make namespaces and rules
 */
export function namespaceObstacle(more: readonly string[] = []): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only';
  if (process.getuid?.() !== 0) return 'making a network namespace needs root';
  const missing = [...PROGRAMS, ...more].find((program) => spawnSync(program, ['-V']).error !== undefined);
  if (missing !== undefined) return `${missing} is not installed`;
  const trial = spawnSync('unshare', ['--net', '--mount', 'true'], { encoding: 'utf8' });
  return trial.status === 0 ? undefined : trial.stderr.trim();
}

export class NetworkNamespace implements AsyncDisposable {
  readonly #holder: ChildProcessWithoutNullStreams;

  private constructor(holder: ChildProcessWithoutNullStreams) {
    this.#holder = holder;
  }

  /** Makes an empty namespace, in which not even `lo` is up. */
  static async create(): Promise<NetworkNamespace> {
    // `cat` ends when the test process does, because its input then closes.
    const holding = ['--net', '--mount', '--propagation', 'private', 'sh', '-c', 'echo ready; exec cat'];
    const holder = spawn('unshare', holding);
    await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(refuse)]);
    return new NetworkNamespace(holder);
  }

  /** A process inside: what `ip link set … netns` takes. */
  get pid(): number {
    return this.#holder.pid ?? -1;
  }

  /** Starts a program inside; the caller ends it. */
  start(file: string, args: readonly string[], options: RunOptions = {}): ChildProcessWithoutNullStreams {
    const of = `/proc/${this.#holder.pid}/ns`;
    const env = { ...(options.env ?? process.env) };
    return spawn('nsenter', [`--net=${of}/net`, `--mount=${of}/mnt`, file, ...args], { env });
  }

  /** Runs a program inside to its end. */
  async run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const child = this.start(file, args, options);
    const closed = once(child, 'close');
    child.stdin.on('error', () => undefined); // a program that does not read its input
    child.stdin.end(options.input ?? '');
    const [[code], stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  }

  /** Runs shell lines inside; any failing one fails the call. */
  async shell(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.run('sh', ['-ec', script]);
    if (code !== 0) throw new Error(`setting up a namespace failed: ${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null) return;
    const exited = once(this.#holder, 'exit');
    this.#holder.stdin.end();
    await exited;
  }
}

function refuse(): never {
  throw new Error('no network namespace could be made');
}
