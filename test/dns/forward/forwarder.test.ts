import { deepEqual, equal, ok, rejects } from 'node:assert/strict';

import { Forwarder, type ForwarderDeps, type ForwardSettings } from '../../../src/dns/forward/forwarder.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { silentDnsMeter } from '../support/dns-meter.ts';
import { FakeResolver, SILENT, type Answering } from '../support/fake-resolver.ts';
import { fakeSockets } from './fake-datagrams.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';
import { decode, encodeAnswer, encodeQuery } from '../support/wire.ts';

const DEAD = { host: '127.0.0.1', port: 1 };

function query(id = 4660): Message {
  return readMessage(encodeQuery({ id, name: 'a.example.', edns: 1232 })) as Message;
}

const answering =
  (rcode: number): Answering =>
  (bytes) => [encodeAnswer(bytes, { rcode })];

class Given implements Disposable {
  readonly recorded = recordingLog();
  readonly counts = { forwarded: 0, failed: 0, hedged: 0, refused: 0, took: [] as number[] };
  readonly forwarder: Forwarder;

  constructor(settings: Partial<ForwardSettings>, deps: Partial<ForwarderDeps> = {}) {
    const { counts } = this;
    this.forwarder = new Forwarder(
      { resolvers: [], parallel: false, timeoutMs: 2000, retries: 0, ...settings },
      {
        clock: systemClock(),
        log: this.recorded.log,
        random: () => 0.5,
        metrics: {
          ...silentDnsMeter(),
          forwarded: () => void (counts.forwarded += 1),
          failed: () => void (counts.failed += 1),
          hedged: () => void (counts.hedged += 1),
          refused: () => void (counts.refused += 1),
          forwardTook: (ms) => void counts.took.push(ms),
        },
        ...deps,
      },
    );
  }

  async rcode(): Promise<number | undefined> {
    const answer = await this.forwarder.forward(query(), 'udp');
    return answer && decode(answer.bytes).rcode;
  }

  [Symbol.dispose](): void {
    this.forwarder.close();
  }
}

describe('Forwarder', () => {
  it('sends the message of the client under an id of its own, and gives the answer under the id of the client', async () => {
    await using resolver = await FakeResolver.start(answering(0));
    using given = new Given({ resolvers: [resolver.address] });
    const { forwarder } = given;

    const replies: (Message | undefined)[] = [];
    for (let count = 0; count < 4; count += 1) replies.push(await forwarder.forward(query(), 'udp'));

    const ids = new Set(resolver.queries.map(({ bytes }) => bytes.readUInt16BE(0)));
    ok(ids.size > 1, 'ids differ');
    for (const { bytes } of resolver.queries) deepEqual(bytes.subarray(2), query().bytes.subarray(2));
    for (const reply of replies) equal(reply?.bytes.readUInt16BE(0), 4660);
  });

  for (const rcode of [2, 3, 5]) {
    it(`takes response code ${rcode} for an answer`, async () => {
      await using resolver = await FakeResolver.start(answering(rcode));
      using given = new Given({ resolvers: [resolver.address] });

      equal(await given.rcode(), rcode);
      equal(given.counts.failed, 0);
    });
  }

  it('goes on to the next resolver after a failure, and says why', async () => {
    await using resolver = await FakeResolver.start(answering(3));
    using given = new Given({ resolvers: [DEAD, resolver.address] });

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
    using given = new Given({ resolvers }, { random: () => draws.shift() ?? 0 });

    await given.rcode();

    deepEqual([first.queries.length, second.queries.length], [0, 1]);
  });

  for (const parallel of [false, true]) {
    const way = parallel ? 'asking all at once' : 'asking in turn';

    it(`gives up when nobody answers, ${way}, and counts it`, async () => {
      using given = new Given({ resolvers: [DEAD, DEAD], parallel });

      equal(await given.rcode(), undefined);
      deepEqual([given.counts.forwarded, given.counts.failed, given.counts.took.length], [1, 1, 1]);
    });

    it(`gives up at once without resolvers, ${way}`, async () => {
      using given = new Given({ resolvers: [], parallel, retries: 3 }, { clock: new FakeClock() });

      equal(await given.rcode(), undefined);
      equal(given.counts.failed, 1);
    });
  }

  it('takes the first answer when it asks all at once, and leaves the others alone', async () => {
    await using silent = await FakeResolver.start(SILENT);
    await using quick = await FakeResolver.start(answering(3));
    const clock = new FakeClock();
    const resolvers = [silent.address, DEAD, quick.address];
    using given = new Given({ resolvers, parallel: true }, { clock });

    equal(await given.rcode(), 3);
    deepEqual([given.counts.forwarded, given.counts.failed], [1, 0]);
  });

  it('says when all it asked at once have failed', async () => {
    using given = new Given({ resolvers: [DEAD, DEAD], parallel: true });

    await given.rcode();

    const messages = given.recorded.messages('info');
    equal(messages.length, 3);
    equal(messages.at(-1), 'all upstream failed');
  });

  it('tries further rounds, a moment apart, when it may', async () => {
    const clock = new FakeClock();
    using given = new Given({ resolvers: [DEAD], retries: 2 }, { clock });
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

  it('knows as its own what comes back again and again', async () => {
    const own: boolean[] = [];
    const held: { given?: Given } = {};
    await using resolver = await FakeResolver.start((bytes) => {
      const back = readMessage(bytes) as Message;
      const isOwn = held.given?.forwarder.isOwn(back) ?? false;
      own.push(isOwn);
      if (!isOwn) held.given?.forwarder.forward(back, 'udp').catch(() => undefined); // ends with the test
      return isOwn ? [encodeAnswer(bytes, { rcode: 2 })] : [];
    });
    using given = (held.given = new Given({ resolvers: [resolver.address] }));

    given.rcode().catch(() => undefined); // the same
    await turnsUntil(() => own.includes(true));

    deepEqual(own, [false, false, true]);
  });

  it('takes a client that has the same id by chance for no loop', async () => {
    const held: { given?: Given } = {};
    const own: unknown[] = [];
    await using resolver = await FakeResolver.start((bytes) => {
      const same = readMessage(bytes) as Message;
      own.push(held.given?.forwarder.hopsOf(same), held.given?.forwarder.isOwn(same));
      return [encodeAnswer(bytes)];
    });
    using given = (held.given = new Given({ resolvers: [resolver.address] }));

    await given.rcode();

    deepEqual(own, [1, false]);
  });

  it('fails a query at once while as many wait as may, and counts it', async () => {
    await using silent = await FakeResolver.start(SILENT);
    using given = new Given({ resolvers: [silent.address], maxFlights: 2 }, { clock: new FakeClock() });
    const waiting = [1, 2].map(() => given.forwarder.forward(query(), 'udp'));

    equal(await given.rcode(), undefined);

    deepEqual([given.counts.failed, given.counts.refused], [1, 1]);
    given.forwarder.close();
    await Promise.allSettled(waiting);
  });

  it('lets so many wait that each of their questions can have an id', async () => {
    const resolvers = Array.from({ length: 0x1_0000 }, () => ({ host: '10.0.0.1', port: 53 }));
    const { sockets, open } = fakeSockets();
    using given = new Given({ resolvers, parallel: true }, { open });

    equal(await given.rcode(), undefined);

    equal(given.counts.refused, 1);
    equal(sockets.length, 0);
  });

  it('fails what waits when it is closed, and counts no failure', async () => {
    await using silent = await FakeResolver.start(SILENT);
    const clock = new FakeClock();
    using given = new Given({ resolvers: [silent.address] }, { clock });
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
    using given = new Given({ resolvers: [before.address] });

    const first = await given.rcode();
    given.forwarder.useResolvers([after.address], 0);
    const second = await given.rcode();

    deepEqual([first, second], [0, 3]);
  });

  it('closes the sockets towards resolvers that are asked no more', async () => {
    const { sockets, open } = fakeSockets();
    using given = new Given({ resolvers: [{ host: '10.0.0.1', port: 53 }] }, { open });
    const forward = given.rcode();
    await someTurns();
    const [socket] = sockets;
    socket?.hears(encodeAnswer(socket.sent[0] ?? Buffer.alloc(12)));
    await forward;
    const before = socket?.isOpen;

    given.forwarder.useResolvers([], 0);

    deepEqual([before, socket?.isOpen], [true, false]);
  });

  it('asks twice no more than a tenth of what it asks, and some', async () => {
    await using first = await FakeResolver.start(SILENT);
    await using second = await FakeResolver.start(SILENT);
    const clock = new FakeClock();
    const resolvers = [first.address, second.address];
    using given = new Given({ resolvers, hedgeMs: 20 }, { clock });

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
    using given = new Given(
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
        using given = new Given({ resolvers, hedgeMs, timeoutMs: 5000 }, { clock });

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
      using given = new Given({ resolvers, hedgeMs: 20 }, { clock });
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
