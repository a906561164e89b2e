// What every load client has in common: it sends requests for as long as it is told to, and everything that happens
// to them is counted. How a request travels is the matter of http1-client.ts and http2-client.ts.

import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../../../src/runtime/errors.ts';
import type { Tally } from './tally.ts';

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

const ANSWER_LIMIT_MS = 10_000;
/** More are not sent before some are answered: what comes then is counted, and the machine is spared. */
const MAX_AT_ONCE = 200;

/** Lets one client send one request after another until the signal aborts, `pauseMs` between two. */
export async function sendInTurn(
  client: Client,
  pauseMs: number,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sendOne(client, tally);
    await sleep(pauseMs);
  }
  client.close();
}

/** Sends a request by a new client every `everyMs`, however long the earlier ones take, until the signal aborts. */
export async function sendOften(
  newClient: () => Client,
  everyMs: number,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  while (!signal.aborted) {
    if (underWay.size < MAX_AT_ONCE) {
      const client = newClient();
      const sent = sendOne(client, tally).finally(() => {
        client.close();
        underWay.delete(sent);
      });
      underWay.add(sent);
    }
    await sleep(everyMs);
  }
  await Promise.all(underWay);
}

/** Never rejects. */
async function sendOne(client: Client, tally: Tally): Promise<void> {
  const startMs = performance.now();
  try {
    tally.answered(startMs, await sendTwiceAtMost(client));
  } catch (error) {
    tally.failed(messageOf(error));
  }
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
