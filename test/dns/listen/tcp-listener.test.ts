import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { Listener, ListenerDeps } from '../../../src/dns/listen/listener.ts';
import { frame } from '../../../src/dns/listen/tcp-frames.ts';
import { listenTcp } from '../../../src/dns/listen/tcp-listener.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { askTcp } from '../support/dns-client.ts';
import { turnsUntil } from '../../support/turns.ts';

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('listenTcp', () => {
  let clock: FakeClock;
  let stop: AbortController;
  let listener: Listener;

  async function listen(reply: ListenerDeps['reply'] = async (bytes) => bytes): Promise<void> {
    const deps = { reply, clock, log: recordingLog().log, signal: stop.signal };
    listener = await listenTcp({ host: '127.0.0.1', port: 0 }, deps);
  }

  async function connected(): Promise<Socket> {
    const socket = connect(listener.address).resume();
    await once(socket, 'connect');
    while (clock.sleepers === 0) await nextTurn();
    return socket;
  }

  beforeEach(() => {
    clock = new FakeClock();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort(new Error('closing'));
    await listener.close();
  });

  it('answers one query after the other, in order', async () => {
    let atOnce = 0;
    await listen(async (bytes) => {
      atOnce += 1;
      equal(atOnce, 1);
      await nextTurn();
      atOnce -= 1;
      return bytes;
    });

    const replies = await askTcp(
      listener.address,
      ['one', 'two', 'three'].map((text) => Buffer.from(text)),
    );

    deepEqual(replies.map(String), ['one', 'two', 'three']);
  });

  it('goes on after a query that deserves no reply', async () => {
    await listen(async (bytes) => (bytes.toString() === 'bad' ? undefined : bytes));
    const socket = connect(listener.address);

    socket.write(Buffer.concat([frame(Buffer.from('bad')), frame(Buffer.from('good'))]));
    const [reply] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();

    equal(reply.toString('latin1'), '\0\x04good');
  });

  it('ends a connection after 128 queries', async () => {
    await listen();

    const replies = await askTcp(
      listener.address,
      Array.from({ length: 130 }, () => Buffer.from('q')),
    );

    equal(replies.length, 128);
  });

  it('ends a connection without a query within two seconds', async () => {
    await listen();
    const socket = await connected();

    await clock.tick(1999);
    equal(socket.destroyed, false);
    await clock.tick(1);
    await once(socket, 'close');

    equal(clock.sleepers, 0);
  });

  it('ends a connection that was silent for eight seconds', async () => {
    await listen();
    const socket = connect(listener.address);
    socket.write(frame(Buffer.from('q')));
    await once(socket, 'data');
    socket.resume();
    while (clock.sleepers === 0) await nextTurn();

    await clock.tick(7999);
    await nextTurn();
    equal(socket.destroyed, false);
    await clock.tick(1);

    await once(socket, 'close');
  });

  it('answers a client that has ended its side', async () => {
    await listen(async (bytes) => {
      await nextTurn();
      return bytes;
    });
    const socket = connect({ ...listener.address, allowHalfOpen: true });

    socket.end(frame(Buffer.from('last')));
    const [reply] = (await once(socket, 'data')) as [Buffer];
    socket.resume().end();
    await once(socket, 'close');

    equal(reply.toString('latin1'), '\0\x04last');
  });

  it('survives a client that goes away', async () => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    await listen(async (bytes) => {
      asked.resolve();
      await answered.promise;
      return bytes;
    });
    const gone = connect(listener.address);
    gone.write(frame(Buffer.from('q')));
    await asked.promise;

    gone.resetAndDestroy();
    answered.resolve();
    const [reply] = await askTcp(listener.address, [Buffer.from('next')]);

    equal(reply?.toString(), 'next');
  });

  it('gives up a client that does not read', async () => {
    let replies = 0;
    await listen(() => {
      replies += 1;
      return Buffer.alloc(65_535);
    });
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
    const before = sockets();
    const client = connect({ ...listener.address }).pause();
    client.write(Buffer.concat(Array.from({ length: 128 }, () => frame(Buffer.from('q')))));
    let seen = -1;
    for (let still = 0; still < 100; still = replies === seen ? still + 1 : 0) {
      seen = replies;
      await nextTurn();
    }
    ok(replies > 0 && replies < 128);

    await clock.tick(8000);
    await turnsUntil(() => sockets() <= before + 1); // the client's own
    client.destroy();
  });

  it('serves 512 connections at a time, and ends those beyond at once', async () => {
    await listen((bytes) => bytes);
    const sockets = Array.from({ length: 512 }, () => connect(listener.address));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));

    const beyond = connect(listener.address).resume();
    beyond.on('error', () => undefined); // it may be reset
    await new Promise((closed) => beyond.once('close', closed));
    sockets[0]?.write(frame(Buffer.from('still')));
    const [reply] = (await once(sockets[0] as Socket, 'data')) as [Buffer];
    for (const socket of sockets) socket.destroy();

    equal(reply.toString('latin1'), '\0\x05still');
  });

  it('ends open connections when it closes', async () => {
    await listen();
    const socket = await connected();

    stop.abort(new Error('closing'));
    await listener.close();
    await once(socket, 'close');

    ok(socket.destroyed);
    equal(clock.sleepers, 0);
  });
});
