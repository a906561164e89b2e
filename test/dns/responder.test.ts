import { deepEqual, equal, match, rejects } from 'node:assert/strict';

import { LookupTable } from '../../src/dns/names/lookup-table.ts';
import { readMessage, type Message } from '../../src/dns/messages/message.ts';
import { Responder, type ResponderDeps } from '../../src/dns/responder.ts';
import { recordingLog } from '../support/recording-log.ts';
import { packed } from './support/packed.ts';
import { silentDnsMeter } from './support/dns-meter.ts';
import { decode, encodeAnswer, encodeQuery, FLAG, type Decoded, type Query } from './support/wire.ts';

const MANY = Array.from({ length: 64 }, (_, index) => `10.0.0.${index}`);

const table = await LookupTable.build(
  packed({
    'web.example': { ips: ['10.0.0.1', '10.0.0.2'], registry: 'External' },
    'big.example': { ips: MANY, registry: 'External' },
  }),
  { namespace: 'shop', domain: 'shop.svc.cluster.local', search: [] },
);

class Given {
  readonly recorded = recordingLog();
  readonly forwarded: string[] = [];
  readonly counted: string[] = [];
  requests = 0;
  readonly responder: Responder;

  constructor(deps: Partial<ResponderDeps> = {}) {
    this.responder = new Responder({
      table: () => table,
      respondBeforeSync: false,
      forwarder: {
        isOwn: () => false,
        forward: async (query, protocol) => {
          this.forwarded.push(`${protocol} ${query.question?.name}`);
          return readMessage(encodeAnswer(query.bytes, { addresses: MANY }));
        },
      },
      metrics: {
        ...silentDnsMeter(),
        request: () => void (this.requests += 1),
        answered: (result) => void this.counted.push(result),
        truncated: (protocol) => void this.counted.push(`cut ${protocol}`),
      },
      log: this.recorded.log,
      random: Math.random,
      ...deps,
    });
  }

  async reply(query: Query | Buffer, protocol: 'udp' | 'tcp' = 'udp'): Promise<Decoded | undefined> {
    const bytes = Buffer.isBuffer(query) ? query : encodeQuery(query);
    const reply = await this.responder.reply(bytes, protocol);
    return reply && decode(reply);
  }
}

function withCounts(counts: readonly number[]): Buffer {
  const query = Buffer.concat([encodeQuery({}), Buffer.alloc(100)]);
  for (const [index, count] of counts.entries()) query.writeUInt16BE(count, 4 + 2 * index);
  return query;
}

describe('Responder', () => {
  describe('given what is no query', () => {
    const silent: [string, Buffer][] = [
      ['fewer than twelve bytes', Buffer.alloc(11)],
      ['an answer', encodeQuery({ flags: FLAG.QR })],
    ];
    for (const [what, bytes] of silent) {
      it(`says nothing to ${what}`, async () => {
        const given = new Given();

        equal(await given.reply(bytes), undefined);
        equal(given.requests, 0);
      });
    }

    const refused: [string, Buffer, number][] = [
      ['an update', encodeQuery({ opcode: 5 }), 4],
      ['an inverse query', encodeQuery({ opcode: 1 }), 4],
      ['no question', encodeQuery({ questions: [] }), 1],
      ['two questions', withCounts([2, 0, 0, 0]), 1],
      ['two answers', withCounts([1, 2, 0, 0]), 1],
      ['two authorities', withCounts([1, 0, 2, 0]), 1],
      ['three additional records', withCounts([1, 0, 0, 3]), 1],
      ['a question cut short', encodeQuery({}).subarray(0, -1), 1],
      ['more bytes than a query has over UDP', Buffer.concat([encodeQuery({}), Buffer.alloc(4096)]), 1],
    ];
    for (const [what, bytes, rcode] of refused) {
      it(`refuses ${what} with a bare header`, async () => {
        const given = new Given();

        const reply = await given.reply(bytes);

        equal(reply?.rcode, rcode);
        equal(reply?.bytes, 12);
        deepEqual([given.requests, given.forwarded.length], [0, 0]);
      });
    }
  });

  it('fails a header that announces a question and has none', async () => {
    const given = new Given({ respondBeforeSync: true, table: () => undefined });

    const reply = await given.reply(encodeQuery({ id: 5 }).subarray(0, 12));

    equal(reply?.flags, FLAG.QR | FLAG.RD | 2);
    deepEqual([reply?.bytes, given.requests, given.forwarded], [12, 1, []]);
  });

  it('takes a notification for a query', async () => {
    const reply = await new Given().reply({ opcode: 4, name: 'web.example.' });

    deepEqual([reply?.rcode, reply?.answers.length], [0, 2]);
  });

  it('takes one record more in each section, and two additional ones', async () => {
    const given = new Given();

    await given.reply(withCounts([1, 1, 1, 2]));

    equal(given.requests, 1);
  });

  it('answers names of the mesh itself', async () => {
    const given = new Given();

    const reply = await given.reply({ name: 'Web.Example.' });

    equal(reply?.answers.length, 2);
    deepEqual(given.forwarded, []);
    equal(given.requests, 1);
  });

  it('answers an unknown family of a known name with nothing', async () => {
    const reply = await new Given().reply({ name: 'web.example.', type: 'AAAA' });

    deepEqual([reply?.rcode, reply?.answers], [0, []]);
  });

  it('answers at once what it need not ask others about', () => {
    const given = new Given();
    const answered = [{ name: 'web.example.' }, { opcode: 5 }, { questions: [] }, { flags: FLAG.QR }].map(
      (query) => given.responder.reply(encodeQuery(query), 'udp'),
    );

    equal(
      answered.some((reply) => reply instanceof Promise),
      false,
    );
  });

  it('takes UDP queries of up to 4096 bytes', async () => {
    const query = encodeQuery({ name: 'web.example.' });
    const padded = Buffer.concat([query, Buffer.alloc(4096 - query.length)]);

    equal((await new Given().reply(padded))?.answers.length, 2);
  });

  it('takes TCP queries of any size', async () => {
    const padded = Buffer.concat([encodeQuery({ name: 'web.example.' }), Buffer.alloc(60_000)]);

    equal((await new Given().reply(padded, 'tcp'))?.answers.length, 2);
  });

  it('counts answers of its own, and every reply that it cuts', async () => {
    const given = new Given();

    await given.reply({ name: 'web.example.' });
    await given.reply({ name: 'web.example.', type: 'AAAA' });
    await given.reply({ name: 'big.example.' });
    await given.reply({ name: 'other.example.' });
    await given.reply({ name: 'other.example.' }, 'tcp');

    deepEqual(given.counted, ['hit', 'nodata', 'hit', 'cut udp', 'cut udp']);
  });

  it('forwards other names, and other types of known names', async () => {
    const given = new Given();

    await given.reply({ name: 'other.example.' });
    await given.reply({ name: 'web.example.', type: 'TXT' }, 'tcp');

    deepEqual(given.forwarded, ['udp other.example.', 'tcp web.example.']);
  });

  it('cuts local and forwarded answers to what the client takes', async () => {
    const given = new Given();
    for (const name of ['big.example.', 'other.example.']) {
      const [bare, wide, tcp] = await Promise.all([
        given.reply({ name }),
        given.reply({ name, edns: 4096 }),
        given.reply({ name }, 'tcp'),
      ]);

      deepEqual(
        [bare?.flags ?? 0, wide?.flags ?? 0, tcp?.flags ?? 0].map((flags) => flags & FLAG.TC),
        [FLAG.TC, 0, 0],
      );
      deepEqual([wide?.answers.length, tcp?.answers.length], [64, 64]);
      equal((bare?.bytes ?? 1000) <= 512, true);
    }
  });

  it('fails a query that nobody answers, with its question', async () => {
    const given = new Given({ forwarder: { isOwn: () => false, forward: () => Promise.resolve(undefined) } });

    const reply = await given.reply({ name: 'other.example.', flags: FLAG.RD | FLAG.CD });

    equal(reply?.flags, FLAG.QR | FLAG.RD | FLAG.CD | 2);
    deepEqual(reply?.questions, [{ name: 'other.example.', type: 'A' }]);
  });

  describe('before the first table', () => {
    it('fails every query, and asks nobody', async () => {
      const given = new Given({ table: () => undefined });

      const reply = await given.reply({ name: 'other.example.' });

      deepEqual([reply?.rcode, given.requests, given.forwarded], [2, 1, []]);
    });

    it('forwards every query when it stands in for the resolver', async () => {
      const given = new Given({ table: () => undefined, respondBeforeSync: true });

      await given.reply({ name: 'web.example.' });

      deepEqual(given.forwarded, ['udp web.example.']);
    });
  });

  it('fails its own queries when they come back, and says so once', async () => {
    const own: Message[] = [];
    const isOwn = (query: Message): boolean => own.push(query) > 0;
    const given = new Given({ forwarder: { isOwn, forward: () => Promise.reject(new Error('asked')) } });

    const replies = [await given.reply({ name: 'a.' }), await given.reply({ name: 'b.' })];

    deepEqual(
      replies.map((reply) => reply?.rcode),
      [2, 2],
    );
    equal(given.recorded.messages('error').length, 1);
    match(given.recorded.messages('error')[0] ?? '', /came back/);
  });

  describe('asked where its replies come from', () => {
    const nobody = { isOwn: () => false, forward: () => Promise.resolve(undefined) };
    const sources: [string, Query, Partial<ResponderDeps>][] = [
      ['of the name table', { name: 'web.example.' }, {}],
      ['of the name table', { name: 'web.example.', type: 'AAAA' }, {}],
      ['of a resolver', { name: 'web.example.', type: 'MX' }, {}],
      ['of a resolver', { name: 'web.example.' }, { table: () => undefined, respondBeforeSync: true }],
      ['no name table yet', { name: 'web.example.' }, { table: () => undefined }],
      ['no resolver answered', { name: 'other.example.' }, { forwarder: nobody }],
      [
        'it came back to this server',
        { name: 'other.example.' },
        { forwarder: { ...nobody, isOwn: () => true } },
      ],
    ];
    for (const [source, query, deps] of sources) {
      it(`says "${source}" of ${query.type ?? 'A'} ${query.name}`, async () => {
        const heard: string[] = [];

        await new Given(deps).responder.reply(encodeQuery(query), 'udp', (said) => void heard.push(said));

        deepEqual(heard, [source]);
      });
    }

    it('says nothing of what is no query', async () => {
      const heard: string[] = [];
      const { responder } = new Given();

      for (const query of [{ opcode: 5 }, { questions: [] }, { flags: FLAG.QR }]) {
        await responder.reply(encodeQuery(query), 'udp', (said) => void heard.push(said));
      }

      deepEqual(heard, []);
    });
  });

  it('passes on why the forwarder gave up', async () => {
    const forward = (): Promise<never> => Promise.reject(new Error('closing'));
    const given = new Given({ forwarder: { isOwn: () => false, forward } });

    await rejects(given.reply({ name: 'a.' }), { message: 'closing' });
  });
});
