import { deepEqual, equal, ok } from 'node:assert/strict';

import type { ForwardSettings } from '../../../src/dns/forward/forwarder.ts';
import type { SocketAddress } from '../../../src/dns/socket-address.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { FakeResolver, SILENT } from '../support/fake-resolver.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';
import { encodeAnswer } from '../support/wire.ts';
import { fakeSockets } from './fake-datagrams.ts';
import { answering, DEAD, GivenForwarder, query } from './given-forwarder.ts';

describe('Flight', () => {
  for (const rcode of [2, 3, 5]) {
    it(`takes response code ${rcode} for an answer`, async () => {
      await using resolver = await FakeResolver.start(answering(rcode));
      using given = new GivenForwarder({ resolvers: [resolver.address] });

      equal(await given.rcode(), rcode);
      equal(given.counts.failed, 0);
    });
  }

  it('goes on to the next resolver after a failure, and says why', async () => {
    await using resolver = await FakeResolver.start(answering(3));
    using given = new GivenForwarder({ resolvers: [DEAD, resolver.address] });

    equal(await given.rcode(), 3);
    deepEqual([given.counts.forwarded, given.counts.failed, given.counts.took.length], [1, 0, 1]);
    equal(given.recorded.messages('info').length, 1);
    ok(given.recorded.messages('info')[0]?.startsWith('upstream failure: '));
  });

  it('asks in an order that chance decides', async () => {
    await using first = await FakeResolver.start(answering(0));
    await using second = await FakeResolver.start(answering(0));
    const draws = [0.9, 0.1];
    const resolvers = [first.address, second.address];
    using given = new GivenForwarder({ resolvers }, { random: () => draws.shift() ?? 0 });

    await given.rcode();

    deepEqual([first.queries.length, second.queries.length], [0, 1]);
  });

  for (const parallel of [false, true]) {
    const way = parallel ? 'asking all at once' : 'asking in turn';

    it(`gives up when nobody answers, ${way}, and counts it`, async () => {
      using given = new GivenForwarder({ resolvers: [DEAD, DEAD], parallel });

      equal(await given.rcode(), undefined);
      deepEqual([given.counts.forwarded, given.counts.failed, given.counts.took.length], [1, 1, 1]);
    });

    it(`gives up at once without resolvers, ${way}`, async () => {
      using given = new GivenForwarder({ resolvers: [], parallel, retries: 3 }, { clock: new FakeClock() });

      equal(await given.rcode(), undefined);
      equal(given.counts.failed, 1);
    });
  }

  it('takes the first answer when it asks all at once, and leaves the others alone', async () => {
    await using silent = await FakeResolver.start(SILENT);
    await using quick = await FakeResolver.start(answering(3));
    const clock = new FakeClock();
    const resolvers = [silent.address, DEAD, quick.address];
    using given = new GivenForwarder({ resolvers, parallel: true }, { clock });

    equal(await given.rcode(), 3);
    deepEqual([given.counts.forwarded, given.counts.failed], [1, 0]);
  });

  it('says when all it asked at once have failed', async () => {
    using given = new GivenForwarder({ resolvers: [DEAD, DEAD], parallel: true });

    await given.rcode();

    const messages = given.recorded.messages('info');
    equal(messages.length, 3);
    equal(messages.at(-1), 'all upstream failed');
  });

  it('tries further rounds, a moment apart, when it may', async () => {
    const clock = new FakeClock();
    using given = new GivenForwarder({ resolvers: [DEAD], retries: 2 }, { clock });
    const failures = (): number => given.recorded.messages('info').length;
    const forward = given.rcode();

    for (let round = 1; round <= 3; round += 1) {
      await turnsUntil(() => failures() === round);
      await clock.tick(99);
      await someTurns();
      equal(failures(), round);
      await clock.tick(1);
    }

    equal(await forward, undefined);
    equal(failures(), 3);
  });

  it('asks twice no more than a tenth of what it asks, and some', async () => {
    await using first = await FakeResolver.start(SILENT);
    await using second = await FakeResolver.start(SILENT);
    const clock = new FakeClock();
    const resolvers = [first.address, second.address];
    using given = new GivenForwarder({ resolvers, hedgeMs: 20 }, { clock });

    const waiting = Array.from({ length: 1000 }, () => given.forwarder.forward(query(), 'udp'));
    for (let count = 0; count < 10; count += 1) await clock.tick(20);

    equal(given.counts.hedged, 256);
    given.forwarder.close();
    await Promise.allSettled(waiting);
  });

  it('answers 99 of 100 queries within 50 ms when one of two resolvers is dead, from the first one on', async () => {
    const clock = new FakeClock();
    const { open } = fakeSockets(true, (host, query) => (host === '10.0.0.1' ? [] : [encodeAnswer(query)]));
    const resolvers = ['10.0.0.1', '10.0.0.2'].map((host) => ({ host, port: 53 }));
    using given = new GivenForwarder(
      { resolvers, hedgeMs: 20, timeoutMs: 5000 },
      { clock, open, random: seededRandom(1) },
    );
    const ask = (count: number): void => {
      for (let left = count; left > 0; left -= 1) void given.forwarder.forward(query(), 'udp');
    };

    ask(1000);
    for (let passed = 0; passed < 200; passed += 5) {
      await clock.tick(5);
      await someTurns(2);
      ask(10);
    }
    await someTurns();

    const took = given.counts.took.toSorted((a, b) => a - b);
    equal(took.length, 1400);
    ok((took[Math.ceil(took.length * 0.99)] ?? Infinity) < 50);
  });

  describe('with a slow resolver before one that is quick to fail', () => {
    const [slow, failing, third] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => ({
      host,
      port: 53,
    })) as [SocketAddress, SocketAddress, SocketAddress];

    function givenBoth(more: readonly SocketAddress[] = []) {
      const clock = new FakeClock();
      const { sockets, open } = fakeSockets(true, (host, asked) =>
        host === failing.host ? [encodeAnswer(asked, { rcode: 5 })] : [],
      );
      const settings = { resolvers: [slow, failing, ...more], hedgeMs: 20, timeoutMs: 5000 };
      const given = new GivenForwarder(settings, { clock, open });
      const pass = async (ms: number): Promise<void> => {
        for (let left = ms; left > 0; left -= 10) {
          await clock.tick(10);
          await someTurns();
        }
      };
      const asked = (): (string | undefined)[] => sockets.map(({ peer }) => peer.host);
      const answers = (rcode: number): void => {
        const socket = sockets.find(({ peer }) => peer.host === slow.host);
        socket?.hears(encodeAnswer(socket.sent.at(-1) ?? Buffer.alloc(12), { rcode }));
      };
      return { given, clock, sockets, pass, asked, answers };
    }

    for (const rcode of [0, 2, 3]) {
      it(`waits for the slow one, which says ${rcode}, and holds nothing against it`, async () => {
        const { given, pass, asked, answers } = givenBoth();
        using _ = given;
        const forward = given.rcode();
        await pass(100);
        const before = given.counts.took.length;

        answers(rcode);

        equal(await forward, rcode);
        equal(before, 0);
        deepEqual(asked(), [slow.host, failing.host]);
        ok(![slow, failing].some((resolver) => given.forwarder.isSuspect(resolver)));
      });
    }

    it('has its failure when the slow one does not answer at all, and asks nobody who comes later', async () => {
      const { given, sockets, pass, asked } = givenBoth([third]);
      using _ = given;
      const forward = given.rcode();
      await pass(20);

      sockets[0]?.fails(new Error('ECONNREFUSED'));

      equal(await forward, 5);
      equal(given.counts.failed, 0);
      deepEqual(asked(), [slow.host, failing.host]);
    });

    it('asks those who come later all the same while the slow one takes its time', async () => {
      const { given, sockets, pass } = givenBoth([third]);
      using _ = given;
      const forward = given.rcode();
      await pass(40);
      const [, , last] = sockets;

      last?.hears(encodeAnswer(last.sent[0] ?? Buffer.alloc(12)));

      equal(await forward, 0);
    });

    it('waits no more for one that is known to be dead', async () => {
      const { given, clock, sockets, pass } = givenBoth();
      using _ = given;
      const first = given.rcode();
      await pass(20);
      sockets[0]?.fails(new Error('ECONNREFUSED'));
      await first;
      await clock.tick(10_000);

      const tried = given.rcode();
      await pass(20);

      equal(await tried, 5);
      equal(given.counts.hedged, 2);
    });
  });

  describe('with a silent resolver before one that answers', () => {
    let silent: FakeResolver;
    let quick: FakeResolver;
    let resolvers: ForwardSettings['resolvers'];
    beforeEach(async () => {
      silent = await FakeResolver.start(SILENT);
      quick = await FakeResolver.start(answering(3));
      resolvers = [silent.address, quick.address];
    });
    afterEach(async () => {
      await silent[Symbol.asyncDispose]();
      await quick[Symbol.asyncDispose]();
    });

    for (const [hedgeMs, delayMs] of [
      [20, 20],
      [0, 5000],
    ] as const) {
      it(`asks the other one after ${delayMs} ms when it hedges after ${hedgeMs}`, async () => {
        const clock = new FakeClock();
        using given = new GivenForwarder({ resolvers, hedgeMs, timeoutMs: 5000 }, { clock });

        const forward = given.rcode();
        await clock.tick(delayMs - 1);
        await turnsUntil(() => silent.queries.length === 1);
        await someTurns();
        const before = quick.queries.length;
        await clock.tick(1);

        equal(await forward, 3);
        equal(before, 0);
        deepEqual([given.counts.hedged, given.counts.failed], [hedgeMs > 0 ? 1 : 0, 0]);
      });
    }

    it('asks it after the other one for ten seconds, then tries it with one query', async () => {
      const clock = new FakeClock();
      using given = new GivenForwarder({ resolvers, hedgeMs: 20 }, { clock });
      const first = given.rcode();
      await clock.tick(20);
      await first;

      for (let count = 0; count < 20; count += 1) await given.rcode();
      const asked = silent.queries.length;
      await clock.tick(10_000);
      const [tried, other] = [given.rcode(), given.rcode()];
      await other;
      await clock.tick(20);
      await tried;

      equal(asked, 1);
      equal(silent.queries.length, 2);
    });
  });
});
