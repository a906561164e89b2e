import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, Server, type Socket } from 'node:net';

import { SharedPort } from '../../src/status/shared-port.ts';

const CROWD = 64;

async function opened() {
  const taken: Socket[] = [];
  const server = createServer((_request, response) => response.end('answered'));
  server.on('connection', (socket) => void taken.push(socket));
  const port = new SharedPort(server);
  const number = await port.listen(0);
  return {
    server,
    port,
    number,
    taken,
    async [Symbol.asyncDispose]() {
      const closed = port.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('SharedPort', () => {
  it('answers for IPv4 and IPv6', async () => {
    await using shared = await opened();

    const answers = ['127.0.0.1', '[::1]'].map(async (host) =>
      (await fetch(`http://${host}:${shared.number}`)).text(),
    );

    deepEqual(await Promise.all(answers), ['answered', 'answered']);
  });

  it('answers for IPv4 alone on a host without IPv6', async () => {
    const server = createServer((_request, response) => response.end('answered'));
    const port = new SharedPort(server);

    const number = await port.listen(0, ['2001:db8::1', '0.0.0.0']); // an address nobody has

    equal(await (await fetch(`http://127.0.0.1:${number}`)).text(), 'answered');
    const closed = port.close();
    server.closeAllConnections();
    await closed;
  });

  it('tells when a socket dies that listened', async () => {
    await using shared = await opened();
    const told: Error[] = [];
    shared.port.onError((error) => void told.push(error));
    const died = new Error('accept failed');

    shared.server.emit('error', died);

    deepEqual(told, [died]);
  });

  it('takes a crowd of connections in far fewer turns than there are connections', async () => {
    await using shared = await opened();
    const sockets = Array.from({ length: CROWD }, () => connect(shared.number, '127.0.0.1').resume());

    let turns = 0;
    for (; shared.taken.length < CROWD; turns += 1) await turn();

    for (const socket of sockets) socket.destroy();
    ok(turns < CROWD / 2, `${turns} turns`);
  });

  it('is nobody else, neither one who would share', async () => {
    await using shared = await opened();

    await rejects(new SharedPort(createServer()).listen(shared.number), { code: 'EADDRINUSE' });
    const lonely = new Server();
    lonely.listen(shared.number, '::');

    deepEqual(((await once(lonely, 'error')) as [NodeJS.ErrnoException])[0].code, 'EADDRINUSE');
  });

  it('stops taking connections at every socket, and keeps those that are open', async () => {
    await using shared = await opened();
    const kept = Array.from({ length: CROWD }, () => connect(shared.number, '127.0.0.1').setEncoding('utf8'));
    while (shared.taken.length < CROWD) await turn();

    shared.port.stop();
    await turn();

    const refused = Array.from({ length: CROWD }, async () => {
      const socket = connect(shared.number, '127.0.0.1');
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      return error.code;
    });
    deepEqual(new Set(await Promise.all(refused)), new Set(['ECONNREFUSED']));
    const answers = kept.slice(0, 8).map(async (socket) => {
      socket.write('GET / HTTP/1.1\r\nHost: pod\r\n\r\n');
      return (await once(socket, 'data'))[0] as string;
    });
    equal((await Promise.all(answers)).filter((answer) => answer.includes('200 OK')).length, 8);
    for (const socket of kept) socket.destroy();
  });
});
