import { equal, rejects } from 'node:assert/strict';

import { exchange } from '../../../src/dns/forward/exchange.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeResolver, SILENT, type Answering } from '../support/fake-resolver.ts';
import { encodeAnswer, encodeQuery } from '../support/wire.ts';

const NEVER = new AbortController().signal;
const QUERY = readMessage(encodeQuery({ id: 77, name: 'Web.example.' })) as Message;
const RIGHT = encodeAnswer(QUERY.bytes, { addresses: ['1.2.3.4'] });

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(RIGHT);
  change(bytes);
  return bytes;
}

for (const protocol of ['udp', 'tcp'] as const) {
  describe(`exchange over ${protocol}`, () => {
    async function answerOf(answering: Answering, host?: string): Promise<Buffer> {
      await using resolver = await FakeResolver.start(answering, host);
      const limits = { clock: systemClock(), timeoutMs: 2000 };
      return (await exchange(protocol, QUERY, resolver.address, limits, NEVER)).bytes;
    }

    it('sends the query as it is and gives the answer as it is', async () => {
      const sent: Buffer[] = [];
      const answer = await answerOf((query) => {
        sent.push(query);
        return [RIGHT];
      });

      equal(sent[0]?.toString('hex'), QUERY.bytes.toString('hex'));
      equal(answer.toString('hex'), RIGHT.toString('hex'));
    });

    it('asks resolvers with an IPv6 address', async () => {
      equal((await answerOf(() => [RIGHT], '::1')).toString('hex'), RIGHT.toString('hex'));
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
        const answer = await answerOf(() => [bytes, RIGHT]);

        equal(answer.toString('hex'), RIGHT.toString('hex'));
      });
    }

    it('takes an answer with the name in another case, or without the question', async () => {
      const lower = changed((bytes) => bytes.write('web', 13));
      const bare = Buffer.from('004d81820000000000000000', 'hex');

      equal(await answerOf(() => [lower]).then((bytes) => bytes.toString('hex')), lower.toString('hex'));
      equal(await answerOf(() => [bare]).then((bytes) => bytes.toString('hex')), bare.toString('hex'));
    });

    it('refuses an answer that is no message', async () => {
      const cut = RIGHT.subarray(0, -1);

      await rejects(
        answerOf(() => [cut]),
        { message: /sent an answer that is no message/ },
      );
    });

    it('waits for the answer until the time is over', async () => {
      const clock = new FakeClock();
      const asked = Promise.withResolvers<void>();
      await using resolver = await FakeResolver.start((...query) => {
        asked.resolve();
        return SILENT(...query);
      });
      const limits = { clock, timeoutMs: 5000 };

      const failed = rejects(exchange(protocol, QUERY, resolver.address, limits, NEVER), {
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

      await rejects(exchange(protocol, QUERY, address, { clock: new FakeClock(), timeoutMs: 5000 }, NEVER), {
        code: 'ECONNREFUSED',
      });
    });

    it('ends with the reason of the signal', async () => {
      const stop = new AbortController();
      await using resolver = await FakeResolver.start((...query) => {
        stop.abort(new Error('asked to'));
        return SILENT(...query);
      });
      const limits = { clock: new FakeClock(), timeoutMs: 5000 };

      await rejects(exchange(protocol, QUERY, resolver.address, limits, stop.signal), {
        message: 'asked to',
      });

      equal(limits.clock.sleepers, 0);
    });
  });
}
