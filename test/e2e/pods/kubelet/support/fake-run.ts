// A run of a container without a container: it ends when the test says so, or as its program would.

import type { Finished } from '../contract.ts';
import type { Run } from '../life/container-life.ts';

export interface FakeProgram {
  /** Exit code after SIGTERM; undefined: it does not listen. */
  readonly onTerm?: number | undefined;
  /** Answers commands; default: exit code 0. */
  readonly exec?: (command: readonly string[], signal?: AbortSignal) => Promise<Finished>;
}

export class FakeRun implements Run {
  readonly pid: number;
  readonly ended: Promise<{ exitCode: number; reason: string }>;
  readonly signals: string[] = [];
  readonly #program: FakeProgram;
  readonly #end: (end: { exitCode: number; reason: string }) => void;

  constructor(pid: number, program: FakeProgram = {}) {
    const { promise, resolve } = Promise.withResolvers<{ exitCode: number; reason: string }>();
    this.pid = pid;
    this.ended = promise;
    this.#program = program;
    this.#end = resolve;
  }

  exit(exitCode: number): void {
    this.#end({ exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' });
  }

  readonly signal = (name: string): Promise<void> => {
    this.signals.push(name);
    if (name === 'SIGKILL') this.exit(137);
    else if (this.#program.onTerm !== undefined) this.exit(this.#program.onTerm);
    return Promise.resolve();
  };

  readonly exec = (command: readonly string[], signal?: AbortSignal): Promise<Finished> =>
    this.#program.exec?.(command, signal) ?? Promise.resolve({ stdout: '', stderr: '', exitCode: 0 });
}
