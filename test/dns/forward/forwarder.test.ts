import { deepEqual, equal, ok, rejects } from 'node:assert/strict';

import { Forwarder, type ForwarderDeps, type ForwardSettings } from '../../../src/dns/forward/forwarder.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentDnsMeter } from '../support/dns-meter.ts';
import { FakeResolver, SILENT, type Answering } from '../support/fake-resolver.ts';
import { decode, encodeAnswer, encodeQuery } from '../support/wire.ts';

const NEVER = new AbortController().signal;
const DEAD = { host: '127.0.0.1', port: 1 };

function query(id = 4660): Message {
  return readMessage(encodeQuery({ id, name: 'a.example.', edns: 1232 })) as Message;
}

const answering =
  (rcode: number): Answering =>
  (bytes) => [encodeAnswer(bytes, { rcode })];

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

class Given {
  readonly recorded = recordingLog();
  readonly counts = { forwarded: 0, failed: 0, took: [] as number[] };
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
          forwardTook: (ms) => void counts.took.push(ms),
        },
        ...deps,
      },
    );
  }

  async rcode(): Promise<number | undefined> {
    const answer = await this.forwarder.forward(query(), 'udp', NEVER);
    return answer && decode(answer.bytes).rcode;
  }
}

describe('Forwarder', () => {
  it('sends the message of the client under an id of its own, and gives the answer under the id of the client', async () => {
    await using resolver = await FakeResolver.start(answering(0));
    const { forwarder } = new Given({ resolvers: [resolver.address] });

    const replies: (Message | undefined)[] = [];
    for (let count = 0; count < 4; count += 1) replies.push(await forwarder.forward(query(), 'udp', NEVER));

    const ids = new Set(resolver.queries.map(({ bytes }) => bytes.readUInt16BE(0)));
    ok(ids.size > 1, 'ids differ');
    for (const { bytes } of resolver.queries) deepEqual(bytes.subarray(2), query().bytes.subarray(2));
    for (const reply of replies) equal(reply?.bytes.readUInt16BE(0), 4660);
  });

  for (const rcode of [2, 3, 5]) {
    it(`takes response code ${rcode} for an answer`, async () => {
      await using resolver = await FakeResolver.start(answering(rcode));
      const given = new Given({ resolvers: [resolver.address] });

      equal(await given.rcode(), rcode);
      equal(given.counts.failed, 0);
    });
  }

  it('goes on to the next resolver after a failure, and says why', async () => {
    await using resolver = await FakeResolver.start(answering(3));
    const given = new Given({ resolvers: [DEAD, resolver.address] });

    equal(await given.rcode(), 3);
    deepEqual(given.counts, { forwarded: 1, failed: 0, took: given.counts.took });
    equal(given.recorded.messages('info').length, 1);
    ok(given.recorded.messages('info')[0]?.startsWith('upstream failure: '));
  });

  it('asks in an order that chance decides', async () => {
    await using first = await FakeResolver.start(answering(0));
    await using second = await FakeResolver.start(answering(0));
    const draws = [0.9, 0.1];
    const resolvers = [first.address, second.address];
    const given = new Given({ resolvers }, { random: () => draws.shift() ?? 0 });

    await given.rcode();

    deepEqual([first.queries.length, second.queries.length], [0, 1]);
  });

  for (const parallel of [false, true]) {
    const way = parallel ? 'asking all at once' : 'asking in turn';

    it(`gives up when nobody answers, ${way}, and counts it`, async () => {
      const given = new Given({ resolvers: [DEAD, DEAD], parallel });

      equal(await given.rcode(), undefined);
      deepEqual([given.counts.forwarded, given.counts.failed, given.counts.took.length], [1, 1, 1]);
    });

    it(`gives up at once without resolvers, ${way}`, async () => {
      const given = new Given({ resolvers: [], parallel, retries: 3 }, { clock: new FakeClock() });

      equal(await given.rcode(), undefined);
      equal(given.counts.failed, 1);
    });
  }

  it('takes the first answer when it asks all at once, and leaves the others alone', async () => {
    await using silent = await FakeResolver.start(SILENT);
    await using quick = await FakeResolver.start(answering(3));
    const clock = new FakeClock();
    const resolvers = [silent.address, DEAD, quick.address];
    const given = new Given({ resolvers, parallel: true }, { clock });

    equal(await given.rcode(), 3);
    equal(clock.sleepers, 0);
  });

  it('says when all it asked at once have failed', async () => {
    const given = new Given({ resolvers: [DEAD, DEAD], parallel: true });

    await given.rcode();

    const messages = given.recorded.messages('info');
    equal(messages.length, 3);
    equal(messages.at(-1), 'all upstream failed');
  });

  it('tries further rounds, a moment apart, when it may', async () => {
    const clock = new FakeClock();
    const given = new Given({ resolvers: [DEAD], retries: 2 }, { clock });
    const failures = (): number => given.recorded.messages('info').length;
    const forward = given.rcode();

    for (let round = 1; round <= 3; round += 1) {
      while (failures() < round) await nextTurn();
      await nextTurn();
      equal(failures(), round);
      await clock.tick(99);
      equal(failures(), round);
      await clock.tick(1);
    }

    equal(await forward, undefined);
    equal(failures(), 3);
  });

  it('knows its own query when it comes back, as long as it waits for the answer', async () => {
    const seen: boolean[] = [];
    const { forwarder, resolver } = await loop(seen);
    await using closing = resolver;

    await forwarder.forward(query(), 'udp', NEVER);

    const [sent] = closing.queries;
    deepEqual(seen, [true, false]);
    equal(forwarder.isOwn(readMessage(sent?.bytes ?? Buffer.alloc(0)) as Message), false);
  });

  async function loop(seen: boolean[]) {
    const held: { forwarder?: Forwarder } = {};
    const resolver = await FakeResolver.start((bytes) => {
      const back = readMessage(bytes) as Message;
      const other = Buffer.from(bytes);
      other.writeUInt16BE(bytes.readUInt16BE(0) ^ 1, 0);
      seen.push(
        held.forwarder?.isOwn(back) ?? false,
        held.forwarder?.isOwn(readMessage(other) as Message) ?? true,
      );
      return [encodeAnswer(bytes)];
    });
    held.forwarder = new Given({ resolvers: [resolver.address] }).forwarder;
    return { forwarder: held.forwarder, resolver };
  }

  it('fails a query at once while as many wait as may', async () => {
    await using silent = await FakeResolver.start(SILENT);
    const stop = new AbortController();
    const given = new Given({ resolvers: [silent.address], maxFlights: 2 }, { clock: new FakeClock() });
    const waiting = [1, 2].map(() => given.forwarder.forward(query(), 'udp', stop.signal));

    equal(await given.rcode(), undefined);

    equal(given.counts.failed, 1);
    stop.abort(new Error('asked to'));
    await Promise.allSettled(waiting);
  });

  it('ends with the reason of the signal, and counts no failure', async () => {
    await using silent = await FakeResolver.start(SILENT);
    const stop = new AbortController();
    const given = new Given({ resolvers: [silent.address] });
    const forward = given.forwarder.forward(query(), 'udp', stop.signal);

    stop.abort(new Error('asked to'));

    await rejects(forward, { message: 'asked to' });
    equal(given.counts.failed, 0);
  });
});
