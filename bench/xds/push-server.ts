// A program: a discovery service over TLS that sends whatever a client orders. Prints its port, then runs until it is
// ended. Arguments: paths of the certificate chain and the private key.

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

import { ADS_METHODS } from '../../test/xds-proxy/control-plane.ts';
import { readOrder, responseBody, stamped, type PushOrder } from './push-order.ts';

type Call = ServerDuplexStream<Buffer, Buffer>;

const [chainPath = '', keyPath = ''] = process.argv.slice(2);
const pair = { cert_chain: await readFile(chainPath), private_key: await readFile(keyPath) };

const server = new Server({ 'grpc.max_receive_message_length': -1 });
server.addService(ADS_METHODS, { sotw: serve, delta: serve });
server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, port) => {
  if (error) throw error;
  console.log(`port ${port}`);
});

function serve(call: Call): void {
  let acknowledge = (): void => undefined;
  call.on('data', (bytes: Buffer) => {
    const order = readOrder(bytes);
    if (order === undefined) return acknowledge();
    const acknowledged = (): Promise<void> => new Promise((resolve) => (acknowledge = resolve));
    return void deliver(call, order, acknowledged);
  });
  call.on('end', () => call.end());
}

async function deliver(call: Call, order: PushOrder, acknowledged: () => Promise<void>): Promise<void> {
  const body = responseBody(order.sizeBytes);
  for (let sent = 0; sent < order.count; sent += 1) {
    const answer = acknowledged();
    await new Promise<void>((resolve) => call.write(stamped(body), () => resolve()));
    if (order.pace === 'acknowledged') await answer;
    if (order.pace === '50/s') await sleep(20);
  }
}
