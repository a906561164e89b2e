// Steady load on one URL from three kinds of clients at once, and what became of every request.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Counts } from './tally.ts';

/** HTTP/1.1 on a kept connection, HTTP/1.1 with one connection per request, HTTP/2 without TLS. */
export type ClientKind = 'kept' | 'oneShot' | 'http2';

export interface LoadOptions {
  readonly url: string;
  /** How many of each kind. */
  readonly clients: Readonly<Record<ClientKind, number>>;
  /** Between two requests of one client. */
  readonly pauseMs: number;
  /** Beside them a one-shot client this often, however long the earlier ones take; absent: none. */
  readonly connectEveryMs?: number;
}

export interface ClientCounts extends Counts {
  readonly connections: number;
}

export type LoadReport = Readonly<Record<ClientKind, ClientCounts>>;

/** What the process that sends is asked. */
export type LoadQuestion = 'take' | 'stop';

/** 16 clients that send some 300 requests a second together: steady, and far from what two cores can do. */
export const STEADY: Omit<LoadOptions, 'url'> = { clients: { kept: 8, oneShot: 4, http2: 4 }, pauseMs: 45 };

/** 64 HTTP/1.1 and 8 HTTP/2 clients that keep their connections, and a new connection every 5 ms. */
export const CROWD: Omit<LoadOptions, 'url'> = {
  clients: { kept: 64, oneShot: 0, http2: 8 },
  pauseMs: 250,
  connectEveryMs: 5,
};

export class Load implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #died: Promise<never>;

  constructor(options: LoadOptions) {
    const main = join(import.meta.dirname, 'load-process.ts');
    this.#process = fork(main, [JSON.stringify(options)]);
    this.#exited = once(this.#process, 'exit');
    this.#died = this.#exited.then(() => {
      throw new Error('the load ended before it was told to');
    });
    this.#died.catch(() => undefined); // `take` and `stop` tell
  }

  /** The counts since the start or the last time; requests under way are counted next time. */
  take(): Promise<LoadReport> {
    return this.#ask('take');
  }

  /** Lets every client finish its request and gives the counts since the start or the last `take`. */
  stop(): Promise<LoadReport> {
    return this.#ask('stop');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#exited;
  }

  async #ask(question: LoadQuestion): Promise<LoadReport> {
    const answered = once(this.#process, 'message').then(([report]) => report as LoadReport);
    if (this.#process.connected) this.#process.send(question);
    return Promise.race([answered, this.#died]);
  }
}

/** All kinds together; the longest of their gaps and outages. */
export function totalOf(report: LoadReport): ClientCounts {
  const all = Object.values(report);
  const sum = (field: 'sent' | 'answered' | 'resent' | 'connections'): number =>
    all.reduce((total, counts) => total + counts[field], 0);
  const longest = (field: 'slowestMs' | 'longestGapMs' | 'longestOutageMs'): number =>
    Math.max(...all.map((counts) => counts[field]));
  return {
    sent: sum('sent'),
    answered: sum('answered'),
    resent: sum('resent'),
    connections: sum('connections'),
    slowestMs: longest('slowestMs'),
    longestGapMs: longest('longestGapMs'),
    longestOutageMs: longest('longestOutageMs'),
    failures: all.flatMap(({ failures }) => failures),
  };
}

/** One line per kind, for people. */
export function describeLoad(report: LoadReport): string {
  return Object.entries(report)
    .map(([kind, counts]) => {
      const { sent, answered, resent, connections, failures } = counts;
      const [slowest, gap] = [Math.round(counts.slowestMs), Math.round(counts.longestGapMs)];
      return [
        `${kind}: ${sent} sent, ${answered} answered, ${failures.length} failed, ${resent} sent again`,
        `${connections} connections, slowest ${slowest} ms, longest without an answer ${gap} ms`,
      ].join(', ');
    })
    .join('\n');
}
