// The podman of the tests: storage of its own under `.cache/pods`, configuration of its own, so that neither the
// machine's images nor its settings matter, and nothing of ours shows up in them.

import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { whatIsMissing } from './requirements.ts';

export const PROJECT = resolve(import.meta.dirname, '../../../..');

/** What is kept between runs: the storage, the locks. Ignored by git, removed with the project. */
export const PODS_CACHE = join(PROJECT, '.cache/pods');

const CONFIGURATION = join(import.meta.dirname, 'containers.conf');

/** Out of reach of signals to the group of processes that the tests are. */
const OWN_SESSION = ['setsid', '--wait', 'podman'];
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

export interface PodmanOptions {
  /** Becomes the command's standard input. */
  readonly input?: string;
  /**
   * The command goes on when the tests are interrupted: one that is killed while it writes a layer leaves a storage that
   * no command can open.
   */
  readonly outlivesTests?: boolean;
  readonly signal?: AbortSignal;
}

export interface PodmanOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** A podman command that ended with another exit code than 0. */
export class PodmanError extends Error {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;

  constructor(args: readonly string[], exitCode: number | undefined, output: PodmanOutput, cause: unknown) {
    const said = output.stderr.trim() || String(cause);
    super(`podman ${args.join(' ')} ended with ${exitCode ?? 'no exit code'}: ${said}`, { cause });
    this.exitCode = exitCode;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

export class Podman {
  readonly #flags: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  private constructor(flags: readonly string[], env: NodeJS.ProcessEnv) {
    this.#flags = flags;
    this.#env = env;
  }

  /** @throws Error of one line that says what this machine lacks */
  static async open(): Promise<Podman> {
    const missing = whatIsMissing();
    if (missing !== undefined) throw new Error(missing);
    const state = stateFolder();
    await mkdir(join(PODS_CACHE, 'storage'), { recursive: true });
    await uncover(join(PODS_CACHE, 'storage/overlay'));
    await mkdir(state, { recursive: true });
    const places = ['--root', join(PODS_CACHE, 'storage'), '--runroot', join(state, 'run')];
    const driver = ['--storage-driver', 'overlay', '--storage-opt', 'overlay.skip_mount_home=true'];
    const flags = [...places, '--tmpdir', join(state, 'libpod'), ...driver];
    return new Podman(flags, { ...process.env, CONTAINERS_CONF: CONFIGURATION });
  }

  /**
   * Runs a podman command to its end.
   *
   * @throws PodmanError with what it wrote when its exit code is not 0
   */
  async run(args: readonly string[], options: PodmanOptions = {}): Promise<PodmanOutput> {
    const [file = '', ...before] = options.outlivesTests === true ? OWN_SESSION : ['podman'];
    const running = promisify(execFile)(file, [...before, ...this.#flags, ...args], {
      env: this.#env,
      maxBuffer: OUTPUT_LIMIT_BYTES,
      ...(options.signal && { signal: options.signal }),
    });
    running.child.stdin?.on('error', () => undefined); // a command that does not read its input still has its exit code
    running.child.stdin?.end(options.input ?? '');
    try {
      return await running;
    } catch (error) {
      throw failure(args, error);
    }
  }

  /** Starts a podman command whose output is read as it comes; the caller ends it. */
  start(args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn('podman', [...this.#flags, ...args], { env: this.#env });
  }

  /**
   * Whether the storage holds this image.
   *
   * @throws PodmanError also for one that podman calls corrupted: its layers cannot be read now, which says nothing of it
   */
  async hasImage(name: string): Promise<boolean> {
    return this.run(['image', 'exists', name]).then(
      () => true,
      (error: unknown) => {
        if (error instanceof PodmanError && error.exitCode === 1 && !error.stderr.includes('corrupted'))
          return false;
        throw error;
      },
    );
  }
}

function failure(args: readonly string[], error: unknown): unknown {
  const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
  if (code !== undefined && typeof code !== 'number') return error;
  return new PodmanError(args, code, { stdout, stderr }, error);
}

/**
 * A podman that was run by hand on our storage mounts this folder onto itself. That hides the mounts of containers
 * below it: nobody can remove them any more, and then no image can be read. Ours are told not to.
 */
async function uncover(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  if (!mounts.split('\n').some((line) => line.split(' ')[1] === folder)) return;
  await promisify(execFile)('umount', [folder]).catch(() => undefined); // containers that run since keep it
}

/**
 * Where podman keeps what does not outlive the machine's uptime: it concludes from the folder's absence that the
 * machine was started anew. Sockets lie below it, so it is a short path.
 */
function stateFolder(): string {
  const checkout = createHash('sha256').update(PROJECT).digest('hex').slice(0, 8);
  return join('/run', `sidecar-agent-${checkout}`);
}
