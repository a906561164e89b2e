// One run of a container: from the start of its first process to its end. A restart is another run, in a container
// that is new.

import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { type Podman, PodmanError } from '../../podman/podman.ts';
import type { Finished } from '../contract.ts';
import { startTime } from '../network/names.ts';

/** How soon the end of a process is noticed. */
const LOOK_MS = 50;

export interface RunEnd {
  readonly exitCode: number;
  readonly reason: 'Completed' | 'Error';
}

export class ContainerRun {
  /** On this machine, of the first process. */
  readonly pid: number;
  readonly ended: Promise<RunEnd>;
  readonly #podman: Podman;
  readonly #name: string;
  readonly #startTime: number | undefined;

  private constructor(podman: Podman, name: string, pid: number, start: number | undefined) {
    this.#podman = podman;
    this.#name = name;
    this.#startTime = start;
    this.pid = pid;
    this.ended = this.#awaitEnd();
  }

  /**
   * @param args of `podman run`
   * @throws Error in podman's words when the container cannot be made or its program cannot be started
   */
  static async start(
    podman: Podman,
    { name, pidFile }: { readonly name: string; readonly pidFile: string },
    args: readonly string[],
  ): Promise<ContainerRun> {
    await podman.run(args).catch((error: unknown) => {
      throw error instanceof PodmanError ? new Error(error.stderr.trim(), { cause: error }) : error;
    });
    const pid = Number(await readFile(pidFile, 'utf8'));
    return new ContainerRun(podman, name, pid, await startTime(pid));
  }

  /** To the first process; one that is gone gets none. */
  async signal(name: string): Promise<void> {
    if (await this.#isGone()) return;
    try {
      process.kill(this.pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended just now
    }
  }

  /** @throws the signal's reason when it aborts; the program inside may then go on */
  async exec(command: readonly string[], signal?: AbortSignal): Promise<Finished> {
    try {
      const output = await this.#podman.run(['exec', this.#name, ...command], signal && { signal });
      return { ...output, exitCode: 0 };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof PodmanError) || error.exitCode === undefined) throw error;
      return { stdout: error.stdout, stderr: error.stderr, exitCode: error.exitCode };
    }
  }

  async #awaitEnd(): Promise<RunEnd> {
    while (!(await this.#isGone())) await delay(LOOK_MS);
    const exitCode = Number((await this.#podman.run(['wait', '--interval=20ms', this.#name])).stdout);
    return { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' };
  }

  async #isGone(): Promise<boolean> {
    return this.#startTime === undefined || (await startTime(this.pid)) !== this.#startTime;
  }
}
