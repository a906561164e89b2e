import { deepEqual, match } from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { closedPort } from '../../support/http-server.ts';
import { startProbing } from './fixtures/probing.ts';

describe('tcpProbe', () => {
  it('connects, sends nothing, and is gone at once, by a reset', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using probing = await startProbing({ tcpSocket: { port } });
    const reset = new Promise<[code: string | undefined, bytes: number]>((resolve) => {
      server.once('connection', (socket: Socket) => {
        socket
          .resume()
          .once('error', (error: NodeJS.ErrnoException) => resolve([error.code, socket.bytesRead]));
      });
    });

    const { status, body } = await probing.ask();

    deepEqual([status, body], [200, '']);
    deepEqual(await reset, ['ECONNRESET', 0]);
    server.close();
  });

  it('fails with an empty 500 when nobody listens', async () => {
    const port = await closedPort();
    await using probing = await startProbing({ tcpSocket: { port } });

    const { status, body } = await probing.ask();

    deepEqual([status, body], [500, '']);
    match(
      probing.logged.messages('error').join(),
      /^Request to probe app failed: connect ECONNREFUSED .*, original URL path = \/app-health\/web\/livez$/,
    );
  });
});
