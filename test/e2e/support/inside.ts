// A program that runs inside a network namespace until it is told to end, with all it prints.

import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NetworkNamespace, RunOptions } from '../../iptables/network-namespace.ts';

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class InsideProgram implements AsyncDisposable {
  readonly exited: Promise<ProgramExit>;
  readonly #child: ChildProcess;
  #output = '';

  /** @param words the program and its arguments */
  constructor(where: NetworkNamespace, words: readonly string[], options: RunOptions) {
    const [file = '', ...args] = words;
    const child = where.start(file, args, options);
    child.stdin.end();
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#child = child;
    this.exited = new Promise((done) => {
      child.once('close', (code, signal) => done({ code, signal }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get output(): string {
    return this.#output;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Polls `condition` until it holds; a rejection counts as not yet. */
  async until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (await Promise.resolve(condition()).catch(() => false)) return; // not yet
      const ended = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (ended || performance.now() > deadline) {
        throw new Error(`${ended ? 'the program ended' : 'waited in vain'}:\n${this.#output}`);
      }
      await sleep(50);
    }
  }

  /** SIGTERM, and SIGKILL for one that does not hear it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGTERM');
    const killer = setTimeout(() => this.signal('SIGKILL'), 15_000);
    await this.exited;
    clearTimeout(killer);
  }
}
