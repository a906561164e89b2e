// Runs programs for the demo and ends them: short commands that must succeed, and long-running ones whose output
// goes to a file.

import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

import { messageOf } from '../../src/runtime/errors.ts';
import { nodeSpawn } from '../../src/runtime/node-spawn.ts';
import type { Child, Command, Exit } from '../../src/runtime/spawn.ts';

/** Runs a command to its end. @returns what it wrote. @throws Error with its last words when it fails */
export async function run(
  file: string,
  args: readonly string[],
  options: Partial<Command> = {},
): Promise<string> {
  const child = await nodeSpawn({ file, args, ...options }).catch((error: unknown) => {
    throw new Error(`cannot run ${file}: ${messageOf(error)}`, { cause: error });
  });
  const [out, complaint, exit] = await Promise.all([text(child.stdout), text(child.stderr), child.exited]);
  if (exit.code === 0) return out;
  throw new Error(`${[file, ...args].join(' ')} failed: ${complaint.trim() || describeExit(exit)}`);
}

/** A program that runs until it is told to end. */
export class Program {
  readonly name: string;
  readonly #child: Child;
  readonly #logFile: string;
  #exit: Exit | undefined;

  private constructor(name: string, child: Child, logFile: string) {
    this.name = name;
    this.#child = child;
    this.#logFile = logFile;
    void child.exited.then((exit) => (this.#exit = exit));
  }

  /** Starts it in a process group of its own, so that Ctrl-C in the terminal reaches the demo alone. */
  static async start(name: string, command: Command, logFile: string): Promise<Program> {
    await writeFile(logFile, ''); // it can be read from the first moment
    const child = await nodeSpawn({ ...command, detached: true });
    const log = createWriteStream(logFile, { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    void child.exited.then(() => log.end());
    return new Program(name, child, logFile);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.signal(name);
  }

  /** Everything it has written so far. */
  output(): Promise<string> {
    return readFile(this.#logFile, 'utf8');
  }

  /** Asks it to end and waits; after `patienceMs` its whole process group is killed. */
  async stop(patienceMs: number): Promise<Exit> {
    this.#child.signal('SIGTERM');
    const patience = new AbortController();
    const kill = delay(patienceMs, undefined, { signal: patience.signal }).then(
      () => killGroup(this.#child.pid),
      () => undefined, // it ended in time
    );
    const exit = await this.#child.exited;
    patience.abort();
    await kill;
    return exit;
  }
}

export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the group is gone already, which is what was wanted
  }
}
