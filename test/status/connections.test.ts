import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { CONNECTION_LIMITS, type ConnectionLimits } from '../../src/status/connections.ts';
import type { AgentViews } from '../../src/status/views.ts';
import { startStatus, type StatusFixture } from './fixtures/status-fixture.ts';

const READY = 'GET /healthz/ready HTTP/1.1\r\nHost: x\r\n\r\n';
/** Short, and yet enough for a request on a busy machine. */
const SHORT_MS = 150;
const LONG_MS = 3 * SHORT_MS;

class Peer {
  readonly socket: Socket;
  readonly #closed = Promise.withResolvers<void>();
  heard = '';

  private constructor(socket: Socket) {
    this.socket = socket.setEncoding('latin1');
    socket.on('data', (chunk) => (this.heard += String(chunk)));
    socket.once('close', () => this.#closed.resolve()).on('error', () => undefined); // cut, one way or another
  }

  static async of(status: StatusFixture, port = Number(new URL(status.url).port)): Promise<Peer> {
    const peer = new Peer(connect(port, '127.0.0.1'));
    await once(peer.socket, 'connect');
    return peer;
  }

  /** Resolves when the server has ended the connection. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async answered(): Promise<string> {
    this.heard = '';
    this.socket.write(READY);
    while (!this.heard.includes('\r\n\r\n')) await once(this.socket, 'data');
    return this.heard.slice(9, 12);
  }
}

async function limited(
  limits: Partial<ConnectionLimits>,
  views: Partial<AgentViews> = {},
): Promise<StatusFixture> {
  await using plain = await startStatus();
  return startStatus({
    limits: { ...CONNECTION_LIMITS, checkEveryMs: 10, ...limits },
    views: { ...plain.views, ...views },
  });
}

describe('a connection of the status port', () => {
  it('that asks nothing is cut, and so is one that never ends its headers', async () => {
    await using status = await limited({ headersTimeoutMs: SHORT_MS });
    const [silent, slow] = [await Peer.of(status), await Peer.of(status)];
    slow.socket.write('GET /healthz/ready HTTP/1.1\r\nX-Slow: ');

    await Promise.all([silent.closed, slow.closed]);

    assert.ok(!slow.heard.includes(' 200 '), slow.heard);
  });

  it('that never ends its body is cut', async () => {
    await using status = await limited({ headersTimeoutMs: SHORT_MS, requestTimeoutMs: SHORT_MS });
    const peer = await Peer.of(status);

    peer.socket.write('POST /drain HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1');
    await peer.closed;

    assert.match(peer.heard, /^HTTP\/1\.1 200 OK/, 'it had its answer');
  });

  it('waits for its next request, whatever the limits of one', async () => {
    await using status = await limited({ headersTimeoutMs: SHORT_MS, requestTimeoutMs: SHORT_MS });
    const peer = await Peer.of(status);

    const first = await peer.answered();
    await delay(LONG_MS);
    const second = await peer.answered();

    assert.deepEqual([first, second], ['200', '200']);
    peer.socket.destroy();
  });

  it('gets an answer that takes long', async () => {
    const envoySnapshot = (): Promise<unknown> => delay(LONG_MS, { late: true });
    const limits = { headersTimeoutMs: SHORT_MS, requestTimeoutMs: SHORT_MS, untakenMs: SHORT_MS };
    await using status = await limited(limits, { envoySnapshot });

    const answer = await fetch(`${status.url}/debug/envoyz`);

    assert.deepEqual(await answer.json(), { late: true });
  });

  it('whose answer nobody takes is cut', async () => {
    const left = Promise.withResolvers<void>();
    async function* nameTable(): AsyncGenerator<string> {
      try {
        for (;;) yield randomBytes(50_000).toString('hex');
      } finally {
        left.resolve();
      }
    }
    await using status = await limited({ untakenMs: SHORT_MS }, { nameTable: () => nameTable() });
    const peer = await Peer.of(status);
    peer.socket.pause();

    peer.socket.write('GET /debug/ndsz HTTP/1.1\r\nHost: x\r\n\r\n');
    await left.promise;

    peer.socket.destroy();
  });

  it('makes room for a newer one when it has asked nothing yet, then when it waits', async () => {
    await using status = await limited({ maxConnections: 3 });
    const kept = await Peer.of(status);
    await kept.answered();
    const silent = await Peer.of(status);
    const second = await Peer.of(status);
    await second.answered();

    const third = await Peer.of(status);
    await silent.closed;
    assert.equal(await third.answered(), '200');
    assert.equal(await kept.answered(), '200', 'one that has asked outlives one that has not');

    const fourth = await Peer.of(status);
    assert.equal(await fourth.answered(), '200');
    await second.closed;
    assert.equal(await kept.answered(), '200', 'the one that waited longest went');
    for (const { socket } of [kept, third, fourth]) socket.destroy();
  });

  it('is not taken when every other has a request under way', async () => {
    const held = Promise.withResolvers<unknown>();
    const asked = Promise.withResolvers<void>();
    const envoySnapshot = (): Promise<unknown> => (asked.resolve(), held.promise);
    await using status = await limited({ maxConnections: 1 }, { envoySnapshot });
    const busy = await Peer.of(status);
    busy.socket.write('GET /debug/envoyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await asked.promise;

    const surplus = await Peer.of(status);
    await surplus.closed;
    held.resolve({});
    await busy.closed;

    assert.match(busy.heard, /^HTTP\/1\.1 200 OK/);
    assert.equal(await (await Peer.of(status)).answered(), '200', 'there is room again');
  });

  it('is not the way to keep readiness waiting', async () => {
    await using status = await limited({ maxConnections: 50 });
    const flood = await Promise.all(Array.from({ length: 200 }, () => Peer.of(status)));

    const answers = [];
    for (let n = 0; n < 20; n += 1) answers.push((await fetch(`${status.url}/healthz/ready`)).status);

    assert.deepEqual(new Set(answers), new Set([200]));
    for (const { socket } of flood) socket.destroy();
  });
});
