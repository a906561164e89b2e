import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import type { Outcome, Protocol } from '../../../src/dns/forward/exchange.ts';
import { Exchanges, type ExchangesDeps } from '../../../src/dns/forward/exchanges.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import type { SocketAddress } from '../../../src/dns/socket-address.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeResolver, SILENT, type Answering } from '../support/fake-resolver.ts';
import { fakeSockets } from './fake-datagrams.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';
import { encodeAnswer, encodeQuery } from '../support/wire.ts';

const QUERY = readMessage(encodeQuery({ id: 77, name: 'Web.example.' })) as Message;
const RIGHT = encodeAnswer(QUERY.bytes, { addresses: ['1.2.3.4'] });

/** Answers with these bytes under the id that was asked with, but for what `change` does. */
const answering =
  (...messages: readonly Buffer[]): Answering =>
  (query) =>
    messages.map((message) => {
      const answer = Buffer.from(message);
      answer.writeUInt16BE(answer.readUInt16BE(0) ^ 77 ^ query.readUInt16BE(0), 0);
      return answer;
    });

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(RIGHT);
  change(bytes);
  return bytes;
}

/** Without the id. */
function restOf(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString('hex', 2);
}

function asking(exchanges: Exchanges, protocol: Protocol, resolver: SocketAddress): Promise<Message> {
  return new Promise((resolve, reject) => {
    const ended = (outcome: Outcome): void => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
    exchanges.start({ query: QUERY, protocol, resolver, hops: 0, ended });
  });
}

function exchangesWith(deps: Partial<ExchangesDeps> = {}) {
  const exchanges = new Exchanges({ clock: systemClock(), timeoutMs: 2000, ...deps });
  return Object.assign(exchanges, { [Symbol.dispose]: () => exchanges.close() });
}

for (const protocol of ['udp', 'tcp'] as const) {
  describe(`Exchanges over ${protocol}`, () => {
    async function answerOf(answers: Answering, host?: string): Promise<Buffer> {
      await using resolver = await FakeResolver.start(answers, host);
      using exchanges = exchangesWith();
      return (await asking(exchanges, protocol, resolver.address)).bytes;
    }

    it('sends the query under another id and gives the answer as it is', async () => {
      const sent: Buffer[] = [];
      const answer = await answerOf((query) => {
        sent.push(query);
        return answering(RIGHT)(query, protocol);
      });

      equal(restOf(sent[0]), restOf(QUERY.bytes));
      equal(answer.readUInt16BE(0), sent[0]?.readUInt16BE(0));
      equal(restOf(answer), restOf(RIGHT));
    });

    it('draws an id for each query', async () => {
      const ids = new Set<number>();
      await using resolver = await FakeResolver.start((query) => {
        ids.add(query.readUInt16BE(0));
        return answering(RIGHT)(query, protocol);
      });
      using exchanges = exchangesWith();

      for (let count = 0; count < 8; count += 1) await asking(exchanges, protocol, resolver.address);

      ok(ids.size > 4, `${ids.size} ids`);
    });

    it('asks resolvers with an IPv6 address', async () => {
      equal(restOf(await answerOf(answering(RIGHT), '::1')), restOf(RIGHT));
    });

    const wrong: [string, Buffer][] = [
      ['another id', changed((bytes) => bytes.writeUInt16BE(78, 0))],
      ['no answer but a query', changed((bytes) => bytes.writeUInt8(0x01, 2))],
      ['an answer to another name', changed((bytes) => bytes.write('Wob', 13))],
      ['an answer to another type', changed((bytes) => bytes.writeUInt16BE(28, 12 + 13))],
      ['too few bytes', Buffer.from([0, 77, 0x81])],
    ];
    for (const [what, bytes] of wrong) {
      it(`passes over ${what}`, async () => {
        const answer = await answerOf(answering(bytes, RIGHT));

        equal(restOf(answer), restOf(RIGHT));
      });
    }

    it('takes an answer with the name in another case, or without the question', async () => {
      const lower = changed((bytes) => bytes.write('web', 13));
      const bare = Buffer.from('004d81820000000000000000', 'hex');

      equal(restOf(await answerOf(answering(lower))), restOf(lower));
      equal(restOf(await answerOf(answering(bare))), restOf(bare));
    });

    it('refuses an answer that is no message', async () => {
      const cut = RIGHT.subarray(0, -1);

      await rejects(answerOf(answering(cut)), { message: /sent an answer that is no message/ });
    });

    it('gives up when the time of a step is over', async () => {
      const clock = new FakeClock();
      const asked = Promise.withResolvers<void>();
      await using resolver = await FakeResolver.start((...query) => {
        asked.resolve();
        return SILENT(...query);
      });
      using exchanges = exchangesWith({ clock, timeoutMs: 5000 });

      const failed = rejects(asking(exchanges, protocol, resolver.address), {
        message: `no answer from 127.0.0.1:${resolver.address.port} within 5000 ms`,
      });
      await asked.promise;
      await clock.tick(5000);

      await failed;
    });

    it('fails at once where nobody listens', async () => {
      const { address } = await FakeResolver.start().then(async (resolver) => {
        await resolver[Symbol.asyncDispose]();
        return resolver;
      });
      using exchanges = exchangesWith({ clock: new FakeClock() });

      await rejects(asking(exchanges, protocol, address), { code: 'ECONNREFUSED' });
    });

    it('knows its query when it comes back, until it is answered', async () => {
      const seen: unknown[] = [];
      const held: { exchanges?: Exchanges } = {};
      await using resolver = await FakeResolver.start((query) => {
        const back = readMessage(query) as Message;
        const other = Buffer.from(query);
        other.writeUInt16BE(query.readUInt16BE(0) ^ 1, 0);
        seen.push(held.exchanges?.find(back)?.query, held.exchanges?.find(readMessage(other) as Message));
        return answering(RIGHT)(query, protocol);
      });
      using exchanges = (held.exchanges = exchangesWith());

      const answer = await asking(exchanges, protocol, resolver.address);

      deepEqual(seen, [QUERY, undefined]);
      equal(exchanges.find(answer), undefined);
    });

    it('leaves nothing behind when it is closed', async () => {
      const clock = new FakeClock();
      const asked = Promise.withResolvers<void>();
      await using resolver = await FakeResolver.start((...query) => {
        asked.resolve();
        return SILENT(...query);
      });
      const exchanges = exchangesWith({ clock });
      let ends = 0;
      const ended = (): void => void (ends += 1);
      exchanges.start({ query: QUERY, protocol, resolver: resolver.address, hops: 0, ended });
      await asked.promise;

      exchanges.close();

      equal(clock.sleepers, 0);
      equal(ends, 0);
    });
  });
}

describe('Exchanges over udp', () => {
  it('hears nobody but the resolver', async () => {
    await using resolver = await FakeResolver.start(SILENT);
    const stranger = createSocket('udp4').bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    using exchanges = exchangesWith({ timeoutMs: 50 });

    const failed = rejects(asking(exchanges, 'udp', resolver.address), { message: /no answer/ });
    await turnsUntil(() => resolver.queries.length > 0);
    const { bytes = QUERY.bytes, port = 0 } = resolver.queries[0] ?? {};
    for (const forged of answering(RIGHT)(bytes, 'udp')) stranger.send(forged, port, '127.0.0.1');

    await failed;
    stranger.close();
  });

  it('takes no answer that came to another port than the question left from', async () => {
    const { sockets, open } = fakeSockets();
    using exchanges = exchangesWith({ clock: new FakeClock(), open });
    const asked = [1, 2].map(() => asking(exchanges, 'udp', { host: '10.0.0.1', port: 53 }));
    await someTurns();
    const [first, second] = sockets.map(({ sent }) => answering(RIGHT)(sent[0] ?? QUERY.bytes, 'udp')[0]);
    const ended: number[] = [];
    for (const [index, each] of asked.entries()) void each.then(() => ended.push(index));

    sockets[0]?.hears(second ?? RIGHT);
    sockets[1]?.hears(first ?? RIGHT);
    await someTurns();
    const before = [...ended];
    sockets[1]?.hears(second ?? RIGHT);
    await someTurns();

    deepEqual([before, ended], [[], [1]]);
  });

  it('uses several ports in turn, and other ones after some hundreds of queries', async () => {
    await using resolver = await FakeResolver.start(answering(RIGHT));
    using exchanges = exchangesWith();
    const ask = (): Promise<Message> => asking(exchanges, 'udp', resolver.address);

    for (let count = 0; count < 40; count += 1) await ask();
    const first = new Set(resolver.queries.map(({ port }) => port));
    for (let round = 0; round < 100; round += 1) await Promise.all(Array.from({ length: 30 }, ask));
    const last = new Set(resolver.queries.slice(-200).map(({ port }) => port));

    equal(first.size, 4);
    ok([...last].every((port) => !first.has(port)));
  });

  it('uses a port for some seconds only, and none when there is nothing to ask', async () => {
    const clock = new FakeClock();
    await using resolver = await FakeResolver.start(answering(RIGHT));
    using exchanges = exchangesWith({ clock, timeoutMs: 1000 });

    await asking(exchanges, 'udp', resolver.address);
    await clock.tick(5000);
    await someTurns();
    const sleepers = clock.sleepers;
    await asking(exchanges, 'udp', resolver.address);

    const [before, after] = resolver.queries.map(({ port }) => port);
    equal(sleepers, 0);
    notEqual(before, after);
  });

  it('spreads many queries over as many sockets as hold their answers', async () => {
    await using resolver = await FakeResolver.start(SILENT);
    using exchanges = exchangesWith();
    const question = { query: QUERY, protocol: 'udp', resolver: resolver.address, hops: 0 } as const;

    for (let count = 1; count <= 256; count += 1) {
      exchanges.start({ ...question, ended: () => undefined });
      if (count % 32 === 0) await turnsUntil(() => resolver.queries.length >= count);
    }

    const uses = Map.groupBy(resolver.queries, ({ port }) => port);
    ok([...uses.values()].every(({ length }) => length <= 32));
  });
});
