import { equal, notEqual } from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { Client, credentials } from '@grpc/grpc-js';

import { SeverableCredentials } from '../../src/runtime/severable-credentials.ts';

describe('SeverableCredentials', () => {
  let silent: Server;
  let target: string;
  beforeEach(async () => {
    silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    target = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  });
  afterEach(() => once(silent.close(), 'close'));

  for (const [what, inner] of [
    ['plaintext', credentials.createInsecure()],
    ['TLS', credentials.createSsl()],
  ] as const) {
    it(`cut a connection that the peer keeps from being set up, ${what}`, async () => {
      const severable = new SeverableCredentials(inner);
      const client = connecting(target, severable);
      const [socket] = (await once(silent, 'connection')) as [Socket];
      socket.on('error', () => undefined); // a reset is one way to let go
      socket.resume();

      client.close();
      severable.sever();

      await once(socket, 'close');
    });
  }

  it('cut a connection at once that is made only afterwards', async () => {
    const severable = new SeverableCredentials(credentials.createInsecure());

    severable.sever();
    const client = connecting(target, severable);

    const [socket] = (await once(silent, 'connection')) as [Socket];
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'close');
    client.close();
  });

  it('are as secure as what they are made of, and no two are shared', () => {
    const inner = credentials.createSsl();
    const severable = new SeverableCredentials(inner);

    equal(severable._isSecure(), true);
    equal(new SeverableCredentials(credentials.createInsecure())._isSecure(), false);
    equal(severable._equals(severable), true);
    notEqual(severable._equals(new SeverableCredentials(inner)), true);
  });
});

/** A client that has begun to connect. */
function connecting(target: string, made: SeverableCredentials): Client {
  const client = new Client(target, made, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.ssl_target_name_override': 'peer.test',
  });
  client.getChannel().getConnectivityState(true);
  return client;
}
