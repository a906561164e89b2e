import { deepEqual, equal } from 'node:assert/strict';

import { addressesAsked, localAnswer } from '../../../src/dns/messages/local-answer.ts';
import type { Hit } from '../../../src/dns/names/lookup-table.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { decode, encodeQuery, FLAG, type Decoded, type RecordType } from '../support/wire.ts';

const HIT: Hit = { v4: ['10.0.0.1', '10.0.0.2'], v6: ['2001:db8::ff00:42:8329'], owner: 'a.example.' };

function answer(
  name: string,
  type: RecordType,
  hit: Hit,
  random: () => number = () => 0.5,
  limitBytes = 65_535,
): Decoded {
  const query = readMessage(encodeQuery({ id: 7, name, type, flags: FLAG.RD | FLAG.CD })) as Message;
  const addresses = type === 'A' ? hit.v4 : hit.v6;
  return decode(localAnswer(query, name.toLowerCase(), hit, addresses, { random, limitBytes }).bytes);
}

describe('addressesAsked', () => {
  it('tells the families apart, and knows no other type', () => {
    deepEqual(addressesAsked(HIT, 1), HIT.v4);
    deepEqual(addressesAsked(HIT, 28), HIT.v6);
    equal(addressesAsked(HIT, 255), undefined);
  });
});

describe('localAnswer', () => {
  it('has the addresses under the asked name, authoritative, for half a minute', () => {
    const reply = answer('a.example.', 'A', HIT);

    equal(reply.id, 7);
    equal(reply.flags, FLAG.QR | FLAG.AA | FLAG.RD | FLAG.CD);
    deepEqual(reply.questions, [{ name: 'a.example.', type: 'A' }]);
    deepEqual(reply.answers, [
      { name: 'a.example.', type: 'A', ttl: 30, data: '10.0.0.1' },
      { name: 'a.example.', type: 'A', ttl: 30, data: '10.0.0.2' },
    ]);
  });

  it('repeats the question as it was asked, and answers in lower case', () => {
    const reply = answer('A.Example.', 'A', HIT);

    deepEqual(reply.questions, [{ name: 'A.Example.', type: 'A' }]);
    deepEqual(new Set(reply.answers.map(({ name }) => name)), new Set(['a.example.']));
  });

  it('chooses among more addresses than a reply can hold', () => {
    const v4 = Array.from(
      { length: 70_000 },
      (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    );

    const first = answer('a.example.', 'A', { ...HIT, v4 }, () => 0, 512);
    const last = answer('a.example.', 'A', { ...HIT, v4 }, () => 0.999_999, 512);
    const most = answer('a.example.', 'A', { ...HIT, v4 });

    deepEqual([first.answers.length, first.answers[0]?.data], [32, '10.0.0.0']);
    equal(last.answers[0]?.data, '10.1.17.111');
    equal(new Set(most.answers.map(({ data }) => data)).size, 4096);
  });

  it('writes IPv6 addresses in all their forms', () => {
    const hit = {
      ...HIT,
      v6: ['2001:db8::ff00:42:8329', '::', '::1', 'fe80::', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8'],
    };

    const reply = answer('a.example.', 'AAAA', hit);

    deepEqual(
      reply.answers.map(({ data }) => data),
      [
        '2001:db8:0:0:0:ff00:42:8329',
        '0:0:0:0:0:0:0:0',
        '0:0:0:0:0:0:0:1',
        'fe80:0:0:0:0:0:0:0',
        '0:0:0:0:0:ffff:102:304',
        '1:2:3:4:5:6:7:8',
      ],
    );
  });

  it('puts the alias first and the addresses under its target', () => {
    const hit = { ...HIT, alias: 'a.example.' };

    const reply = answer('a.example.ns.svc.', 'A', hit);

    deepEqual(reply.answers[0], { name: 'a.example.ns.svc.', type: 'CNAME', ttl: 30, data: 'a.example.' });
    deepEqual(
      reply.answers.slice(1).map(({ name, data }) => [name, data]),
      [
        ['a.example.', '10.0.0.1'],
        ['a.example.', '10.0.0.2'],
      ],
    );
  });

  it('is empty, without the alias, when the family has no address', () => {
    const reply = answer('a.example.ns.svc.', 'AAAA', { ...HIT, v6: [], alias: 'a.example.' });

    deepEqual(reply.answers, []);
    equal(reply.rcode, 0);
  });

  it('puts the addresses in the order that chance decides', () => {
    const draws = [0.9, 0.1];

    const reply = answer('a.example.', 'A', HIT, () => draws.shift() ?? 0);

    deepEqual(
      reply.answers.map(({ data }) => data),
      ['10.0.0.2', '10.0.0.1'],
    );
  });

  it('writes a name once and points to it', () => {
    const v4 = Array.from({ length: 64 }, (_, index) => `10.0.0.${index}`);

    equal(answer('giant.', 'A', { v4, v6: [], owner: 'giant.' }).bytes, 12 + 11 + 64 * 16);
  });
});
