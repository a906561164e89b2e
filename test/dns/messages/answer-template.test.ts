import { deepEqual, equal, ok } from 'node:assert/strict';

import { assert as check, constantFrom, integer, property, tuple } from 'fast-check';
import { Packet } from 'dns2';

import { AnswerTemplate, type LocalRecords } from '../../../src/dns/messages/answer-template.ts';
import { readMessage, type Message, type Question } from '../../../src/dns/messages/message.ts';
import { decode, encodeQuery, FLAG, type Decoded, type Query } from '../support/wire.ts';

const TWO: LocalRecords = { alias: undefined, owner: 'a.example.', addresses: ['10.0.0.1', '10.0.0.2'] };
const KEPT_ORDER = (): number => 0;

function message(query: Query): Message {
  return readMessage(encodeQuery(query)) as Message;
}

interface Asked extends Query {
  readonly random?: () => number;
  readonly limitBytes?: number;
}

function replyBytes(records: LocalRecords, asked: Asked): Buffer {
  const { random = KEPT_ORDER, limitBytes = 65_535, ...query } = asked;
  const read = message(query);
  return new AnswerTemplate(read.question as Question, records).reply(read, { random, limitBytes });
}

function reply(records: LocalRecords, asked: Asked): Decoded {
  return decode(replyBytes(records, asked));
}

function manyAddresses(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
  );
}

describe('AnswerTemplate', () => {
  it('has the addresses under the asked name, authoritative, for half a minute', () => {
    const answer = reply(TWO, { id: 7, name: 'a.example.', flags: FLAG.RD | FLAG.CD });

    equal(answer.id, 7);
    equal(answer.flags, FLAG.QR | FLAG.AA | FLAG.RD | FLAG.CD);
    deepEqual(answer.questions, [{ name: 'a.example.', type: 'A' }]);
    deepEqual(answer.answers, [
      { name: 'a.example.', type: 'A', ttl: 30, data: '10.0.0.1' },
      { name: 'a.example.', type: 'A', ttl: 30, data: '10.0.0.2' },
    ]);
    deepEqual([answer.authorities, answer.additionals], [[], []]);
  });

  it('takes id and flags from each query anew, and neither recursion nor size of it', () => {
    const first = message({ id: 1, name: 'a.example.', edns: 4096 });
    const template = new AnswerTemplate(first.question as Question, TWO);
    const choice = { random: KEPT_ORDER, limitBytes: 512 };

    const answers = [
      { id: 0xffff, flags: FLAG.RD | FLAG.RA | FLAG.TC, opcode: 4 },
      { id: 2, flags: FLAG.CD },
    ].map((query) => decode(template.reply(message({ ...query, name: 'a.example.' }), choice)));

    deepEqual(
      answers.map(({ id, flags, additionals }) => [id, flags, additionals]),
      [
        [0xffff, FLAG.QR | FLAG.AA | FLAG.RD | (4 << 11), []],
        [2, FLAG.QR | FLAG.AA | FLAG.CD, []],
      ],
    );
  });

  it('repeats the question as it was asked, and answers in lower case', () => {
    const answer = reply(TWO, { name: 'A.Example.' });

    deepEqual(answer.questions, [{ name: 'A.Example.', type: 'A' }]);
    deepEqual(
      answer.answers.map(({ name }) => name),
      ['a.example.', 'a.example.'],
    );
  });

  it('repeats the class, whatever it is', () => {
    const query = encodeQuery({ name: 'a.example.' });
    query.writeUInt16BE(3, query.length - 2);
    const read = readMessage(query) as Message;

    const bytes = new AnswerTemplate(read.question as Question, TWO).reply(read, {
      random: KEPT_ORDER,
      limitBytes: 512,
    });

    deepEqual(bytes.subarray(12, query.length), query.subarray(12));
    equal(decode(bytes).answers.length, 2);
  });

  it('writes IPv6 addresses in all their forms', () => {
    const addresses = ['2001:db8::ff00:42:8329', '::', '::1', 'fe80::', '::ffff:1.2.3.4', '::1.2.3.4'];

    const answer = reply({ ...TWO, addresses }, { name: 'a.example.', type: 'AAAA' });

    deepEqual(
      answer.answers.map(({ type, data }) => [type, data]),
      [
        '2001:db8:0:0:0:ff00:42:8329',
        '0:0:0:0:0:0:0:0',
        '0:0:0:0:0:0:0:1',
        'fe80:0:0:0:0:0:0:0',
        '0:0:0:0:0:ffff:102:304',
        '0:0:0:0:0:0:102:304',
      ].map((data) => ['AAAA', data]),
    );
  });

  for (const name of ['a.example.ns.svc.', 'A.Example.ns.svc.']) {
    it(`puts the alias first and the addresses under its target, asked for ${name}`, () => {
      const answer = reply({ ...TWO, alias: 'a.example.' }, { name });

      deepEqual(
        answer.answers.map(({ name: owner, type, ttl, data }) => [owner, type, ttl, data]),
        [
          ['a.example.ns.svc.', 'CNAME', 30, 'a.example.'],
          ['a.example.', 'A', 30, '10.0.0.1'],
          ['a.example.', 'A', 30, '10.0.0.2'],
        ],
      );
    });
  }

  it('is empty without addresses', () => {
    const question = message({ name: 'a.example.' }).question as Question;

    const answer = reply({ ...TWO, addresses: [] }, { name: 'a.example.' });

    deepEqual([answer.answers, answer.flags], [[], FLAG.QR | FLAG.AA | FLAG.RD]);
    equal(new AnswerTemplate(question, { ...TWO, addresses: [] }).isEmpty, true);
    equal(new AnswerTemplate(question, TWO).isEmpty, false);
  });

  it('answers for the root', () => {
    const answer = reply({ ...TWO, owner: '.', addresses: manyAddresses(3) }, { name: '.' });

    deepEqual(
      answer.answers.map(({ name, data }) => [name, data]),
      manyAddresses(3).map((data) => ['.', data]),
    );
  });

  it('puts the addresses in an order that chance decides for each reply', () => {
    const draws = [0.9, 0.1, 0.1, 0.9];
    const read = message({ name: 'a.example.' });
    const template = new AnswerTemplate(read.question as Question, TWO);
    const choice = { random: () => draws.shift() ?? 0, limitBytes: 512 };

    const orders = [1, 2].map(() => decode(template.reply(read, choice)).answers.map(({ data }) => data));

    deepEqual(orders, [
      ['10.0.0.2', '10.0.0.1'],
      ['10.0.0.1', '10.0.0.2'],
    ]);
  });

  it('writes a name once and points to it', () => {
    const records = { ...TWO, owner: 'giant.', addresses: manyAddresses(64) };

    equal(replyBytes(records, { name: 'giant.' }).length, 12 + 11 + 64 * 16);
    equal(replyBytes(records, { name: 'Giant.' }).length, 12 + 11 + 64 * 16 + 5);
  });

  describe('given more addresses than the client takes', () => {
    const giant = { ...TWO, owner: 'giant.', addresses: manyAddresses(64) };

    it('has as many as fit, any of them, and says that some are missing', () => {
      const first = reply(giant, { name: 'giant.', limitBytes: 512, random: () => 0 });
      const last = reply(giant, { name: 'giant.', limitBytes: 512, random: () => 0.999_999 });

      deepEqual([first.answers.length, first.bytes], [30, 12 + 11 + 30 * 16]);
      equal(first.flags & FLAG.TC, FLAG.TC);
      deepEqual([first.answers[0]?.data, last.answers[0]?.data], ['10.0.0.0', '10.0.0.63']);
    });

    it('counts the alias with them', () => {
      const aliased = { ...giant, alias: 'giant.' };

      const answer = reply(aliased, { name: 'giant.ns.', limitBytes: 512 });

      equal(answer.answers[0]?.type, 'CNAME');
      equal(answer.answers.length, 1 + Math.floor((512 - 12 - 14 - (2 + 10 + 7)) / 16));
    });

    it('has all that one message holds over TCP', () => {
      const answer = reply({ ...giant, addresses: manyAddresses(70_000) }, { name: 'giant.' });

      const most = Math.floor((65_535 - 12 - 11) / 16);
      equal(new Set(answer.answers.map(({ data }) => data)).size, most);
      equal(answer.flags & FLAG.TC, FLAG.TC);
    });

    it('leaves out what does not fit before the first address too', () => {
      const label = `${'x'.repeat(60)}.`;
      const owner = label.repeat(3);
      const records = { ...giant, alias: `*.${owner}`, owner: `*.${owner}` };

      const answer = reply(records, { name: `${'Y'.repeat(40)}.${owner}`, limitBytes: 512 });

      ok(answer.bytes <= 512);
      equal(answer.flags & FLAG.TC, FLAG.TC);
      deepEqual(answer.questions, [{ name: `${'Y'.repeat(40)}.${owner}`, type: 'A' }]);
    });
  });

  it('is what another decoder reads too, however many addresses there are', () => {
    const names = constantFrom('a.example.', 'A.EXAMPLE.', 'x.a.example.', 'b.', '.');
    const counts = integer({ min: 0, max: 40 });
    const aliases = constantFrom(undefined, 'a.example.', '*.example.');

    check(
      property(tuple(names, counts, aliases), ([name, count, alias]) => {
        const owner = alias ?? name.toLowerCase();
        const bytes = replyBytes({ alias, owner, addresses: manyAddresses(count) }, { name });

        const { errors, header, questions, answers } = Packet.parse(bytes);

        deepEqual(errors, []);
        equal(header.ancount, answers.length);
        equal(`${questions[0]?.name}.`, name === '.' ? '.' : name);
        deepEqual(answers.flatMap(({ address = [] }) => address).toSorted(), manyAddresses(count).toSorted());
      }),
      { numRuns: 60 },
    );
  });
});
