import { deepEqual, equal, ok } from 'node:assert/strict';

import type { Exchange } from '../../../src/dns/forward/exchange.ts';
import { UdpPool } from '../../../src/dns/forward/udp-pool.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { someTurns } from '../../support/turns.ts';
import { fakeSockets } from './fake-datagrams.ts';

const RESOLVER = { host: '10.0.0.1', port: 53 };

function exchange(id = 1): Exchange {
  return { id, bytes: Buffer.from([id]) } as Exchange; // the pool looks at nothing else
}

function poolOf(isConnected = true) {
  const { sockets, open } = fakeSockets(isConnected);
  const failures: string[] = [];
  const clock = new FakeClock();
  const pool = new UdpPool(RESOLVER, {
    open,
    clock,
    signal: new AbortController().signal,
    received: () => undefined,
    failed: ({ message }, { exchanges }) => failures.push(`${message} ${exchanges.size}`),
  });
  return { pool, sockets, failures, clock };
}

describe('UdpPool', () => {
  it('sends over sockets that are connected to the resolver, once they are', () => {
    const { pool, sockets } = poolOf(false);
    pool.send(exchange(7));
    const [socket] = sockets;
    const before = socket?.sent.length;

    socket?.connected();

    equal(before, 0);
    deepEqual(socket?.peer, RESOLVER);
    deepEqual(socket?.sent, [Buffer.from([7])]);
  });

  it('gives an exchange one of several sockets by chance', async () => {
    const { pool, sockets } = poolOf();

    for (let count = 0; count < 100; count += 1) {
      const sent = exchange();
      const carrier = pool.send(sent);
      await Promise.resolve();
      carrier.leave(sent);
    }

    equal(sockets.length, 4);
    ok(sockets.every(({ sent }) => sent.length > 5));
  });

  it('closes a socket that has carried enough with its last exchange, and opens another', async () => {
    const { pool, sockets } = poolOf();
    const waiting = exchange();
    const carrier = pool.send(waiting);
    const [first] = sockets;
    for (let count = 0; count < 4000 && carrier.uses < 512; count += 1) {
      const sent = exchange();
      pool.send(sent).leave(sent);
    }
    await someTurns();
    const whileWaiting = first?.isOpen;

    carrier.leave(waiting);
    const used = first?.sent.length;
    for (let count = 0; count < 100; count += 1) pool.send(exchange());

    deepEqual([whileWaiting, first?.isOpen], [true, false]);
    deepEqual([used, first?.sent.length], [512, 512]);
  });

  it('closes sockets that have grown old, those that wait with their last answer', async () => {
    const { pool, sockets, clock } = poolOf();
    const waiting = exchange();
    const carrier = pool.send(waiting);
    const done = exchange();
    pool.send(done).leave(done);

    await clock.tick(5000);
    await someTurns();
    const open = sockets.map(({ isOpen }) => isOpen);
    carrier.leave(waiting);

    deepEqual(open, [true, false]);
    equal(sockets[0]?.isOpen, false);
    equal(clock.sleepers, 0);
  });

  it('gives up a socket that fails, and tells what it carried, once', () => {
    const { pool, sockets, failures } = poolOf();
    pool.send(exchange());
    const [socket] = sockets;

    socket?.fails(new Error('refused'));
    socket?.fails(new Error('again'));
    for (let count = 0; count < 20; count += 1) pool.send(exchange());

    equal(socket?.isOpen, false);
    deepEqual(failures, ['refused 1']);
    equal(socket?.sent.length, 0);
  });

  it('closes what is idle when it is closed', () => {
    const { pool, sockets } = poolOf();
    const waiting = exchange();
    pool.send(waiting);
    const done = exchange();
    pool.send(done).leave(done);

    pool.close();

    deepEqual(
      sockets.map(({ isOpen }) => isOpen),
      [true, false],
    );
  });
});
