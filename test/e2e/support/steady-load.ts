// Clients that send requests all the time and count: some over kept connections, some with one connection per
// request. A request on a kept connection that the server had closed before any byte came may go once more.

import { Agent, request } from 'node:http';

import { errnoOf, messageOf } from '../../../src/runtime/errors.ts';

export interface LoadResult {
  readonly sent: number;
  /** One line per failed request. */
  readonly failures: readonly string[];
}

export interface SteadyLoad {
  /** Requests answered so far. */
  readonly answered: () => number;
  /** Ends the clients after their current request. */
  readonly stop: () => Promise<LoadResult>;
}

/** @param pauseMs between two requests of one client */
export function steadyLoad(url: string, kept: number, oneShot: number, pauseMs: number): SteadyLoad {
  const failures: string[] = [];
  let [sent, answered] = [0, 0];
  const ending = new AbortController();
  const client = async (agent: Agent | false): Promise<void> => {
    while (!ending.signal.aborted) {
      sent += 1;
      try {
        await get(url, agent);
        answered += 1;
      } catch (error) {
        failures.push(messageOf(error));
      }
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMs);
      });
    }
    if (agent) agent.destroy();
  };
  const agents = [
    ...Array.from({ length: kept }, () => new Agent({ keepAlive: true, maxSockets: 1 })),
    ...Array.from({ length: oneShot }, () => false as const),
  ];
  const clients = Promise.all(agents.map(client));
  const stop = async (): Promise<LoadResult> => {
    ending.abort();
    await clients;
    return { sent, failures };
  };
  return { answered: () => answered, stop };
}

async function get(url: string, agent: Agent | false, mayRetry = true): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sent = request(url, { agent });
  let answering = false;
  sent.once('response', (response) => {
    answering = true;
    response.once('error', reject);
    response.once('end', () =>
      response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
    );
    response.resume();
  });
  sent.once('error', reject);
  sent.end();
  try {
    await promise;
  } catch (error) {
    const closedBefore =
      sent.reusedSocket && !answering && ['ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '');
    if (!closedBefore || !mayRetry) throw error;
    await get(url, agent, false);
  }
}
