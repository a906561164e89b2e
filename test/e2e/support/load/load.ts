// Steady load on one URL from three kinds of clients at once, and what became of every request.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { addCounts, type ClientCounts } from './client.ts';

/** HTTP/1.1 on a kept connection, HTTP/1.1 with one connection per request, HTTP/2 without TLS. */
export type ClientKind = 'kept' | 'oneShot' | 'http2';

export interface LoadOptions {
  readonly url: string;
  /** How many of each kind. */
  readonly clients: Readonly<Record<ClientKind, number>>;
  /** Between two requests of one client. */
  readonly pauseMs: number;
}

export type LoadReport = Readonly<Record<ClientKind, ClientCounts>>;

/** 16 clients that send some 300 requests a second together: steady, and far from what two cores can do. */
export const STEADY: Omit<LoadOptions, 'url'> = { clients: { kept: 8, oneShot: 4, http2: 4 }, pauseMs: 45 };

export class Load implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #report: Promise<LoadReport>;

  constructor(options: LoadOptions) {
    const main = join(import.meta.dirname, 'load-process.ts');
    this.#process = fork(main, [JSON.stringify(options)]);
    this.#exited = once(this.#process, 'exit');
    const died = this.#exited.then(() => {
      throw new Error('the load ended before it was told to');
    });
    const reported = once(this.#process, 'message').then(([report]) => report as LoadReport);
    this.#report = Promise.race([reported, died]);
    this.#report.catch(() => undefined); // `stop` tells
  }

  /** Lets every client finish its request and gives the counts. */
  async stop(): Promise<LoadReport> {
    if (this.#process.connected) this.#process.send('stop');
    return this.#report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#exited;
  }
}

/** All kinds together. */
export function totalOf({ kept, oneShot, http2 }: LoadReport): ClientCounts {
  return addCounts([kept, oneShot, http2]);
}

/** One line per kind, for people. */
export function describeLoad(report: LoadReport): string {
  return Object.entries(report)
    .map(([kind, { sent, answered, resent, connections, slowestMs, failures }]) =>
      [
        `${kind}: ${sent} sent, ${answered} answered, ${failures.length} failed, ${resent} sent again`,
        `${connections} connections, slowest ${Math.round(slowestMs)} ms`,
      ].join(', '),
    )
    .join('\n');
}
