// The load clients themselves: a claim of "0 failed" is worth what they notice.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { constants, createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { Load, type ClientKind, type LoadReport } from './load.ts';

const NOBODY: Readonly<Record<ClientKind, number>> = { kept: 0, oneShot: 0, http2: 0 };

describe('Load', () => {
  for (const kind of ['kept', 'oneShot'] as const) {
    it(`counts what ${kind} clients get an answer to, and what is cut or refused`, async () => {
      const nth = everyNth(2, [
        (_request, response) => response.socket?.destroy(),
        (_request, response) => void response.write('half', () => response.socket?.destroy()),
        (_request, response) => response.writeHead(503).end(),
      ]);

      const { [kind]: counts } = await load(kind, createServer(nth));

      ok(counts.answered > 0);
      equal(counts.answered + counts.failures.length, counts.sent);
      match(counts.failures.join('\n'), /status 503/);
    });
  }

  it('sends a request once more when its kept connection was closed before, and only then', async () => {
    const answered = new WeakSet<Socket>();
    const server = createServer(({ socket }, response) => {
      if (answered.has(socket)) return socket.destroy();
      answered.add(socket);
      return response.end('ok');
    });

    const { kept } = await load('kept', server);

    deepEqual(kept.failures, []);
    equal(kept.answered, kept.sent);
    ok(kept.resent > 0);
  });

  it('replaces a session after GOAWAY, and counts streams that are cut', async () => {
    let [sessions, streams] = [0, 0];
    const server = createHttp2Server();
    server.on('session', () => {
      sessions += 1;
    });
    server.on('stream', (stream) => {
      streams += 1;
      stream.on('error', () => undefined); // the one below
      if (streams % 7 === 0) return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      stream.respond({ ':status': 200 });
      stream.end('ok');
      if (streams % 5 === 0) stream.session?.close();
      return undefined;
    });

    const { http2 } = await load('http2', server);

    ok(http2.answered > 0);
    equal(http2.connections, sessions);
    ok(sessions > 1);
    equal(http2.failures.length, Math.floor(streams / 7));
  });

  it('opens new connections at its own pace, though none of them is answered yet', async () => {
    const together = Promise.withResolvers<void>();
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      if (asked === 5) together.resolve();
      void together.promise.then(() => response.end('ok'));
    });
    const url = await listening(server);

    await using clients = new Load({ url, clients: NOBODY, pauseMs: 5, connectEveryMs: 20 });
    await together.promise;
    const { oneShot } = await clients.stop();
    server.close();

    ok(oneShot.connections >= 5);
    equal(oneShot.answered, oneShot.sent);
  });

  it('tells how long nobody was answered, and counts from one look to the next', async () => {
    let failing = false;
    const server = createServer((_request, response) => {
      response.writeHead(failing ? 503 : 200).end();
    });

    await using clients = new Load({
      url: await listening(server),
      clients: { ...NOBODY, kept: 2 },
      pauseMs: 5,
    });
    await until(async () => (await clients.take()).kept.answered > 0);
    failing = true;
    await sleep(500);
    failing = false;
    await sleep(300);
    const { kept: during } = await clients.take();
    await sleep(100);
    const { kept: after } = await clients.stop();
    server.close();

    ok(during.longestOutageMs > 300 && during.longestOutageMs <= during.longestGapMs);
    deepEqual([after.failures, after.longestOutageMs], [[], 0]);
  });
});

async function listening(server: Server | Http2Server): Promise<string> {
  await new Promise<void>((opened) => {
    server.listen(0, '127.0.0.1', opened);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

/** What four clients of one kind see of a server within a second of the first connection. */
async function load(kind: ClientKind, server: Server | Http2Server): Promise<LoadReport> {
  const url = await listening(server);
  try {
    await using sending = new Load({ url, clients: { ...NOBODY, [kind]: 4 }, pauseMs: 5 });
    await once(server, 'connection');
    await sleep(1000);
    return await sending.stop();
  } finally {
    server.close();
  }
}

/** Every nth request is answered by the next of `troubles`, the others with 200. */
function everyNth(n: number, troubles: readonly RequestListener[]): RequestListener {
  let count = 0;
  return (request, response) => {
    count += 1;
    const trouble = count % n === 0 ? troubles[(count / n) % troubles.length] : undefined;
    if (trouble === undefined) response.end('ok');
    else trouble(request, response);
  };
}
