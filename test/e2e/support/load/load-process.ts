// The load as a process of its own, so that nothing the test does delays a request or its answer. It sends until it
// gets a message and answers with what it counted.
//
//   node load-process.ts <LoadOptions as JSON>

import { addCounts, runClient, type Client, type ClientCounts } from './client.ts';
import { Http1Client } from './http1-client.ts';
import { Http2Client } from './http2-client.ts';
import type { ClientKind, LoadOptions } from './load.ts';

const makers: Readonly<Record<ClientKind, (url: string) => Client>> = {
  kept: (url) => new Http1Client(url, true),
  oneShot: (url) => new Http1Client(url, false),
  http2: (url) => new Http2Client(url),
};

const { url, clients, pauseMs } = JSON.parse(process.argv[2] ?? '') as LoadOptions;
const ending = new AbortController();
process.once('message', () => ending.abort());
process.once('disconnect', () => process.exit()); // nobody is left to report to

async function run(kind: ClientKind): Promise<ClientCounts> {
  const all = Array.from({ length: clients[kind] }, () => makers[kind](url));
  return addCounts(await Promise.all(all.map((client) => runClient(client, pauseMs, ending.signal))));
}

const [kept, oneShot, http2] = await Promise.all([run('kept'), run('oneShot'), run('http2')]);
process.send?.({ kept, oneShot, http2 }, () => process.disconnect());
