import { deepEqual, equal, ok, rejects } from 'node:assert/strict';

import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeResolver, SILENT } from '../support/fake-resolver.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';
import { encodeAnswer } from '../support/wire.ts';
import { fakeSockets } from './fake-datagrams.ts';
import { answering, GivenForwarder, query } from './given-forwarder.ts';

describe('Forwarder', () => {
  it('sends the message of the client under an id of its own, and gives the answer under the id of the client', async () => {
    await using resolver = await FakeResolver.start(answering(0));
    using given = new GivenForwarder({ resolvers: [resolver.address] });
    const { forwarder } = given;

    const replies: (Message | undefined)[] = [];
    for (let count = 0; count < 4; count += 1) replies.push(await forwarder.forward(query(), 'udp'));

    const ids = new Set(resolver.queries.map(({ bytes }) => bytes.readUInt16BE(0)));
    ok(ids.size > 1, 'ids differ');
    for (const { bytes } of resolver.queries) deepEqual(bytes.subarray(2), query().bytes.subarray(2));
    for (const reply of replies) equal(reply?.bytes.readUInt16BE(0), 4660);
  });

  it('knows as its own what comes back again and again', async () => {
    const own: boolean[] = [];
    const held: { given?: GivenForwarder } = {};
    await using resolver = await FakeResolver.start((bytes) => {
      const back = readMessage(bytes) as Message;
      const isOwn = held.given?.forwarder.isOwn(back) ?? false;
      own.push(isOwn);
      if (!isOwn) held.given?.forwarder.forward(back, 'udp').catch(() => undefined); // ends with the test
      return isOwn ? [encodeAnswer(bytes, { rcode: 2 })] : [];
    });
    using given = (held.given = new GivenForwarder({ resolvers: [resolver.address] }));

    given.rcode().catch(() => undefined); // the same
    await turnsUntil(() => own.includes(true));

    deepEqual(own, [false, false, true]);
  });

  it('takes a client that has the same id by chance for no loop', async () => {
    const held: { given?: GivenForwarder } = {};
    const own: unknown[] = [];
    await using resolver = await FakeResolver.start((bytes) => {
      const same = readMessage(bytes) as Message;
      own.push(held.given?.forwarder.hopsOf(same), held.given?.forwarder.isOwn(same));
      return [encodeAnswer(bytes)];
    });
    using given = (held.given = new GivenForwarder({ resolvers: [resolver.address] }));

    await given.rcode();

    deepEqual(own, [1, false]);
  });

  it('fails a query at once while as many wait as may, and counts it', async () => {
    await using silent = await FakeResolver.start(SILENT);
    using given = new GivenForwarder(
      { resolvers: [silent.address], maxFlights: 2 },
      { clock: new FakeClock() },
    );
    const waiting = [1, 2].map(() => given.forwarder.forward(query(), 'udp'));

    equal(await given.rcode(), undefined);

    deepEqual([given.counts.failed, given.counts.refused], [1, 1]);
    given.forwarder.close();
    await Promise.allSettled(waiting);
  });

  it('lets so many wait that each of their questions can have an id', async () => {
    const resolvers = Array.from({ length: 0x1_0000 }, () => ({ host: '10.0.0.1', port: 53 }));
    const { sockets, open } = fakeSockets();
    using given = new GivenForwarder({ resolvers, parallel: true }, { open });

    equal(await given.rcode(), undefined);

    equal(given.counts.refused, 1);
    equal(sockets.length, 0);
  });

  it('fails what waits when it is closed, and counts no failure', async () => {
    await using silent = await FakeResolver.start(SILENT);
    const clock = new FakeClock();
    using given = new GivenForwarder({ resolvers: [silent.address] }, { clock });
    const forward = given.forwarder.forward(query(), 'udp');

    given.forwarder.close();

    await rejects(forward, { message: 'the DNS server is closing' });
    await rejects(given.forwarder.forward(query(), 'udp'), { message: 'the DNS server is closing' });
    equal(given.counts.failed, 0);
    equal(clock.sleepers, 0);
  });

  it('asks other resolvers from one query to the next', async () => {
    await using before = await FakeResolver.start(answering(0));
    await using after = await FakeResolver.start(answering(3));
    using given = new GivenForwarder({ resolvers: [before.address] });

    const first = await given.rcode();
    given.forwarder.useResolvers([after.address], 0);
    const second = await given.rcode();

    deepEqual([first, second], [0, 3]);
  });

  it('begins anew with the resolvers it is told of, whatever becomes of what is under way', async () => {
    const { sockets, open } = fakeSockets();
    const resolver = { host: '10.0.0.1', port: 53 };
    using given = new GivenForwarder({ resolvers: [resolver] }, { open });
    const failing = async (socket: number): Promise<void> => {
      await someTurns();
      sockets[socket]?.fails(new Error('ECONNREFUSED'));
    };
    await Promise.all([given.rcode(), failing(0)]);
    const before = given.forwarder.isSuspect(resolver);
    const underWay = given.rcode();

    given.forwarder.useResolvers([resolver], 0);
    const told = given.forwarder.isSuspect(resolver);
    await Promise.all([underWay, failing(1)]);

    deepEqual([before, told, given.forwarder.isSuspect(resolver)], [true, false, false]);
  });

  it('closes the sockets towards resolvers that are asked no more', async () => {
    const { sockets, open } = fakeSockets();
    using given = new GivenForwarder({ resolvers: [{ host: '10.0.0.1', port: 53 }] }, { open });
    const forward = given.rcode();
    await someTurns();
    const [socket] = sockets;
    socket?.hears(encodeAnswer(socket.sent[0] ?? Buffer.alloc(12)));
    await forward;
    const before = socket?.isOpen;

    given.forwarder.useResolvers([], 0);

    deepEqual([before, socket?.isOpen], [true, false]);
  });
});
