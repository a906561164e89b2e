import { deepEqual, equal, rejects } from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { Server as NetServer, type AddressInfo } from 'node:net';

import {
  AdminClient,
  AdminUnreachable,
  freshConnections,
  type AdminAddress,
} from '../../../src/envoy/admin/admin-client.ts';
import { hasEnded, openLifeline } from '../../../src/envoy/admin/lifeline.ts';

interface FakeAdmin extends AsyncDisposable {
  readonly address: AdminAddress;
  readonly client: AdminClient;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  /** As a parent does when its child starts: no new connections, the old ones stay. */
  readonly stopListening: () => void;
}

async function fakeAdmin(answer: RequestListener, host = '127.0.0.1'): Promise<FakeAdmin> {
  const server = createServer(answer);
  let accepted = 0;
  server.on('connection', () => (accepted += 1));
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  const address = { host, port: (server.address() as AddressInfo).port };
  return {
    address,
    client: new AdminClient(freshConnections(address)),
    accepted: () => accepted,
    stopListening: () => void NetServer.prototype.close.call(server),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const info = {
  state: 'LIVE',
  hot_restart_version: '11.104',
  command_line_options: { base_id: '4711', restart_epoch: 3, concurrency: 2 },
};

describe('AdminClient', () => {
  it('reads /server_info, where 64-bit numbers are text', async () => {
    await using admin = await fakeAdmin((_, response) => response.end(JSON.stringify(info)));

    deepEqual(await admin.client.serverInfo(), {
      state: 'LIVE',
      restartEpoch: 3,
      baseId: 4711,
      hotRestartVersion: '11.104',
      concurrency: 2,
    });
  });

  it('takes a missing epoch as unknown, never as 0', async () => {
    await using admin = await fakeAdmin((_, response) => response.end('{"state":"LIVE"}'));

    equal((await admin.client.serverInfo()).restartEpoch, undefined);
  });

  it('reads listener names and addresses, IPv6 in brackets as Envoy prints them', async () => {
    const socket = (address: string) => ({ socket_address: { address, port_value: 15006 } });
    const status = {
      name: 'a',
      local_address: socket('0.0.0.0'),
      additional_local_addresses: [socket('::'), { pipe: { path: '/x' } }],
    };
    await using admin = await fakeAdmin((_, response) =>
      response.end(JSON.stringify({ listener_statuses: [status] })),
    );

    deepEqual(await admin.client.listeners(), [{ name: 'a', addresses: ['0.0.0.0:15006', '[::]:15006'] }]);
  });

  it('POSTs the drain and passes a refusal on', async () => {
    const asked: string[] = [];
    await using admin = await fakeAdmin((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(asked.length === 1 ? 200 : 503).end('busy\n');
    });

    await admin.client.drainListeners('inboundonly&graceful');

    deepEqual(asked, ['POST /drain_listeners?inboundonly&graceful']);
    await rejects(admin.client.drainListeners('graceful'), /503 busy/);
  });

  it('uses a new connection for every request', async () => {
    await using admin = await fakeAdmin((request, response) => {
      equal(request.headers.connection, 'close');
      response.end(JSON.stringify(info));
    });

    await admin.client.serverInfo();
    await admin.client.serverInfo();

    equal(admin.accepted(), 2);
  });

  it('reaches an endpoint of a pod that has only IPv6', async () => {
    await using admin = await fakeAdmin(({ headers, url = '' }, response) => {
      response.end(`${headers.host ?? ''} ${url}`);
    }, '::1');

    const answer = await admin.client.stats('downstream_cx_active$');

    equal(answer, `[::1]:${admin.address.port} /stats?usedonly&filter=downstream_cx_active%24`);
  });

  it('reports an endpoint that refuses, fails, or answers nonsense', async () => {
    await using failing = await fakeAdmin((_, response) => response.writeHead(500).end());
    await using odd = await fakeAdmin((_, response) => response.end('<html>'));
    await using gone = await fakeAdmin((_, response) => response.end());
    gone.stopListening();

    for (const admin of [failing, odd, gone]) await rejects(admin.client.serverInfo(), AdminUnreachable);
  });

  it('refuses an answer of more than 8 MiB', async () => {
    await using admin = await fakeAdmin((_, response) => response.end(Buffer.alloc(8 * 1024 * 1024 + 1)));

    await rejects(admin.client.serverInfo(), /longer than/);
  });
});

describe('openLifeline', () => {
  it('goes on being answered when the port does not accept connections any more', async () => {
    await using admin = await fakeAdmin((_, response) => response.end(JSON.stringify(info)));
    await using lifeline = await openLifeline(admin.address);

    admin.stopListening();

    equal((await lifeline.admin.serverInfo()).restartEpoch, 3);
    equal((await lifeline.admin.serverInfo()).restartEpoch, 3);
    equal(admin.accepted(), 1);
    await rejects(admin.client.serverInfo(), AdminUnreachable);
  });

  it('never connects a second time, because another Envoy could answer', async () => {
    await using admin = await fakeAdmin((request, response) => {
      if (request.url === '/server_info') return response.end(JSON.stringify(info));
      response.shouldKeepAlive = false;
      return response.end('{}');
    });
    await using lifeline = await openLifeline(admin.address);
    await lifeline.admin.listeners(); // the server closes the connection after this answer

    await rejects(lifeline.admin.serverInfo(), hasEnded);

    equal(admin.accepted(), 1);
  });

  it('fails where nobody answers', async () => {
    await using admin = await fakeAdmin((_, response) => response.end());
    admin.stopListening();

    await rejects(openLifeline(admin.address), AdminUnreachable);
  });
});
