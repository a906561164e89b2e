// The load as a process of its own, so that nothing the test does delays a request or its answer. It sends until it
// is told to stop, and tells what it counted whenever it is asked.
//
//   node load-process.ts <LoadOptions as JSON>

import { sendInTurn, sendOften, type Client } from './client.ts';
import { Http1Client } from './http1-client.ts';
import { Http2Client } from './http2-client.ts';
import type { ClientCounts, ClientKind, LoadOptions, LoadQuestion } from './load.ts';
import { Tally } from './tally.ts';

const makers: Readonly<Record<ClientKind, (url: string) => Client>> = {
  kept: (url) => new Http1Client(url, true),
  oneShot: (url) => new Http1Client(url, false),
  http2: (url) => new Http2Client(url),
};

/** The clients of one kind. */
class Crowd {
  readonly #tally = new Tally();
  readonly #clients: readonly Client[];
  readonly #done: Promise<unknown>;
  /** Of one-shot clients that were made on the way. */
  #made = 0;
  #taken = 0;

  constructor(kind: ClientKind, options: LoadOptions, signal: AbortSignal) {
    const { url, clients, pauseMs, connectEveryMs } = options;
    this.#clients = Array.from({ length: clients[kind] }, () => makers[kind](url));
    const newClient = (): Client => {
      this.#made += 1;
      return makers[kind](url);
    };
    const often = kind === 'oneShot' && connectEveryMs !== undefined;
    this.#done = Promise.all([
      ...this.#clients.map((client) => sendInTurn(client, pauseMs, this.#tally, signal)),
      ...(often ? [sendOften(newClient, connectEveryMs, this.#tally, signal)] : []),
    ]);
  }

  finished(): Promise<unknown> {
    return this.#done;
  }

  take(): ClientCounts {
    const connected = this.#clients.reduce((sum, client) => sum + client.connections, this.#made);
    const connections = connected - this.#taken;
    this.#taken = connected;
    return { ...this.#tally.take(), connections };
  }
}

const options = JSON.parse(process.argv[2] ?? '') as LoadOptions;
const ending = new AbortController();
const crowd = (kind: ClientKind): Crowd => new Crowd(kind, options, ending.signal);
const crowds = { kept: crowd('kept'), oneShot: crowd('oneShot'), http2: crowd('http2') };
const take = (): Record<ClientKind, ClientCounts> => {
  return { kept: crowds.kept.take(), oneShot: crowds.oneShot.take(), http2: crowds.http2.take() };
};

process.on('message', (question: LoadQuestion) => {
  if (question === 'take') process.send?.(take());
  else ending.abort();
});
process.once('disconnect', () => process.exit()); // nobody is left to report to
await Promise.all(Object.values(crowds).map((each) => each.finished()));
process.send?.(take(), () => process.disconnect());
