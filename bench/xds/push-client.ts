// A program: an Envoy's side of an ADS stream that orders responses and measures how they come. Arguments: the target,
// the path of the root certificate or nothing, and the orders as JSON. Prints what it has seen of each order as JSON.

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, credentials, Metadata } from '@grpc/grpc-js';

import { ADS_METHODS } from '../../test/xds-proxy/control-plane.ts';
import { Inbox } from '../../test/support/inbox.ts';
import { acknowledgement, ageMs, nonceOf, orderBytes, type PushOrder } from './push-order.ts';

export interface Delivery {
  /** From the moment the server made a response to the moment the client had it, in order, milliseconds. */
  readonly agesMs: readonly number[];
  /** From the order to its last response, milliseconds. */
  readonly tookMs: number;
}

/** Before each order: lets both ends collect what the last one left. */
const PAUSE_MS = 200;

const [target = '', rootPath = '', orders = '[]'] = process.argv.slice(2);
const trusted =
  rootPath === '' ? credentials.createInsecure() : credentials.createSsl(await readFile(rootPath));
const client = new Client(target, trusted, {
  'grpc.max_receive_message_length': -1,
  'grpc-node.flow_control_window': 16 * 1024 * 1024, // Envoy's
});
const { path, requestSerialize, responseDeserialize } = ADS_METHODS.sotw;
const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), {});
const arrived = new Inbox<number>();
call.on('data', (response: Buffer) => {
  arrived.add(ageMs(response));
  call.write(acknowledgement(nonceOf(response)));
});

const deliveries: Delivery[] = [];
for (const order of JSON.parse(orders) as PushOrder[]) {
  await sleep(PAUSE_MS);
  const startMs = performance.now();
  call.write(orderBytes(order));
  const agesMs = await arrived.take(order.count);
  deliveries.push({ agesMs, tookMs: performance.now() - startMs });
}
console.log(JSON.stringify(deliveries));
call.end();
client.close();
