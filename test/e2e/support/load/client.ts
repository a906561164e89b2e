// What every load client has in common: it sends one request after another, for as long as it is told to, and
// everything that happens to them is counted. How a request travels is the matter of http1-client.ts and
// http2-client.ts.

import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../../../src/runtime/errors.ts';

/** One client: at most one request is under way. */
export interface Client {
  /** How often it connected. */
  readonly connections: number;
  /** Resolves when the answer is complete and 200. @throws NotServed, or why it failed */
  request(): Promise<void>;
  close(): void;
}

/**
 * The server had closed the connection before the request reached it, or says itself that it did not look at it;
 * no byte of an answer came. HTTP lets a client send such a request once more.
 */
export class NotServed extends Error {}

export interface ClientCounts {
  readonly sent: number;
  readonly answered: number;
  /** Sent once more after NotServed; contained in `sent` only once. */
  readonly resent: number;
  readonly connections: number;
  /** From sending to the complete answer. */
  readonly slowestMs: number;
  /** One line per failed request, with the time. */
  readonly failures: readonly string[];
}

const ANSWER_LIMIT_MS = 10_000;

/** Lets one client send until the signal aborts, `pauseMs` between two requests, and gives what became of them. */
export async function runClient(client: Client, pauseMs: number, signal: AbortSignal): Promise<ClientCounts> {
  let [sent, answered, resent, slowestMs] = [0, 0, 0, 0];
  const failures: string[] = [];
  while (!signal.aborted) {
    sent += 1;
    const startMs = performance.now();
    try {
      if (await sendTwiceAtMost(client)) resent += 1;
      answered += 1;
    } catch (error) {
      failures.push(`${new Date().toISOString()} ${messageOf(error)}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    await sleep(pauseMs);
  }
  client.close();
  return { sent, answered, resent, connections: client.connections, slowestMs, failures };
}

/** True when the request had to be sent once more. */
async function sendTwiceAtMost(client: Client): Promise<boolean> {
  try {
    await inTime(client.request());
    return false;
  } catch (error) {
    if (!(error instanceof NotServed)) throw error;
    await inTime(client.request());
    return true;
  }
}

async function inTime(answer: Promise<void>): Promise<void> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => limit.reject(new Error(`no complete answer within ${ANSWER_LIMIT_MS} ms`)),
    ANSWER_LIMIT_MS,
  );
  try {
    await Promise.race([answer, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

export function addCounts(all: readonly ClientCounts[]): ClientCounts {
  const sum = (field: 'sent' | 'answered' | 'resent' | 'connections'): number =>
    all.reduce((total, counts) => total + counts[field], 0);
  return {
    sent: sum('sent'),
    answered: sum('answered'),
    resent: sum('resent'),
    connections: sum('connections'),
    slowestMs: Math.max(0, ...all.map(({ slowestMs }) => slowestMs)),
    failures: all.flatMap(({ failures }) => failures),
  };
}
