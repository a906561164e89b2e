import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';

import { LocalAnswers, type LocalAnswersDeps } from '../../../src/dns/messages/local-answers.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { LookupTable } from '../../../src/dns/names/lookup-table.ts';
import { heldBytes } from '../support/held-memory.ts';
import { packed, type NameTable } from '../support/packed.ts';
import { decode, encodeQuery, FLAG, type Decoded, type Query } from '../support/wire.ts';

const CONTEXT = { namespace: 'ns1', domain: 'ns1.svc.cluster.local', search: ['ns1.svc.cluster.local'] };

function tableOf(hosts: NameTable): Promise<LookupTable> {
  return LookupTable.build(packed(hosts), CONTEXT);
}

const table = await tableOf({
  'web.example': { ips: ['10.0.0.1', '2001:db8::1'], registry: 'External' },
  'old.example': { ips: ['10.0.0.2'], registry: 'External' },
  '*.wild.example': { ips: ['10.0.0.3'], registry: 'External' },
});

class Given {
  readonly counted: string[] = [];
  readonly local: LocalAnswers;

  constructor(deps: Partial<LocalAnswersDeps> = {}) {
    const metrics = { answered: (result: string) => void this.counted.push(result) };
    this.local = new LocalAnswers({ random: () => 0, metrics, ...deps });
  }

  answer(query: Query, from = table): Decoded | undefined {
    const reply = this.local.answer(readMessage(encodeQuery(query)) as Message, from, 512);
    return reply && decode(reply);
  }
}

function shown(reply: Decoded | undefined): unknown {
  return reply?.answers.map(({ name, type, data }) => `${name} ${type} ${data}`);
}

/** A table that says how often it was asked. */
function counting(real: LookupTable): { readonly table: LookupTable; readonly asked: string[] } {
  const asked: string[] = [];
  const find = (name: string) => {
    asked.push(name);
    return real.find(name);
  };
  return { table: { find } as LookupTable, asked };
}

describe('LocalAnswers', () => {
  it('tells the families apart', () => {
    const given = new Given();

    deepEqual(shown(given.answer({ name: 'web.example.' })), ['web.example. A 10.0.0.1']);
    deepEqual(shown(given.answer({ name: 'web.example.', type: 'AAAA' })), [
      'web.example. AAAA 2001:db8:0:0:0:0:0:1',
    ]);
    deepEqual(given.counted, ['hit', 'hit']);
  });

  it('has none for other types, other names, and names that no host has', () => {
    const given = new Given();

    for (const query of [
      { name: 'web.example.', type: 'TXT' },
      { name: 'web.example.', type: 'HTTPS' },
      { name: 'other.example.' },
      { name: 'web.exa\u00e4mple.' },
    ] as const) {
      equal(given.answer(query), undefined);
    }
    deepEqual(given.counted, []);
  });

  for (const name of ['old.example.', 'old.example.ns1.svc.cluster.local.']) {
    it(`says that ${name} exists without an address of the asked family, and names no alias`, () => {
      const given = new Given();

      const reply = given.answer({ name, type: 'AAAA' });

      deepEqual([reply?.rcode, reply?.answers, given.counted], [0, [], ['nodata']]);
    });
  }

  it('looks a question up once, and again when it is asked in another case, family or table', () => {
    const given = new Given();
    const first = counting(table);
    const second = counting(table);

    const queries: readonly Query[] = [
      { name: 'web.example.' },
      { id: 2, name: 'web.example.', edns: 4096 },
      { name: 'WEB.example.' },
      { name: 'web.example.', type: 'AAAA' },
      { name: 'web.example.' },
    ];
    for (const query of queries) given.answer(query, first.table);
    given.answer({ name: 'web.example.' }, second.table);

    deepEqual([first.asked.length, second.asked.length], [3, 1]);
  });

  it('answers from the new table as soon as there is one', async () => {
    const given = new Given();
    given.answer({ name: 'web.example.' });
    const changed = await tableOf({ 'web.example': { ips: ['10.9.9.9'] } });

    deepEqual(shown(given.answer({ name: 'web.example.' }, changed)), ['web.example. A 10.9.9.9']);
    equal(given.answer({ name: 'old.example.' }, changed), undefined);
    equal(given.answer({ name: 'web.example.' }, await tableOf({})), undefined);
  });

  it('keeps answers as far as there is room, and drops the oldest', () => {
    const given = new Given({ maxKeptBytes: 10_000 });
    const { table: counted, asked } = counting(table);
    const ask = (number: number): unknown => given.answer({ name: `n${number}.wild.example.` }, counted);

    for (let number = 0; number < 100; number += 1) ask(number);
    ask(99);
    const afterYoungest = asked.length;
    ask(0);

    deepEqual([afterYoungest, asked.length], [100, 101]);
  });

  it('has all of the room for a new table', async () => {
    const given = new Given({ maxKeptBytes: 10_000 });
    const { table: counted, asked } = counting(await tableOf({ '*.wild.example': { ips: ['10.0.0.4'] } }));
    for (let number = 0; number < 100; number += 1) given.answer({ name: `n${number}.wild.example.` });

    for (let again = 0; again < 2; again += 1) {
      for (let number = 0; number < 5; number += 1)
        given.answer({ name: `n${number}.wild.example.` }, counted);
    }

    equal(asked.length, 5);
  });

  it('keeps no memory that is shared with answers that are gone', () => {
    const given = new Given({ maxKeptBytes: 100_000_000 });
    const passing = readMessage(encodeQuery({ name: 'web.example.' })) as Message;
    const before = heldBytes();

    for (let number = 0; number < 500; number += 1) {
      given.answer({ name: `n${number}.wild.example.` });
      for (let other = 0; other < 100; other += 1) given.local.answer(passing, table, 512);
    }

    ok(heldBytes() - before < 2_000_000);
    given.answer({ name: 'web.example.' });
  });

  it('answers what is larger than the room for it', () => {
    const given = new Given({ maxKeptBytes: 0 });

    deepEqual(shown(given.answer({ name: 'web.example.' })), ['web.example. A 10.0.0.1']);
  });

  it('answers a notification, and the same question as a query, with their own opcodes', () => {
    const given = new Given();

    const flags = [4, 0].map((opcode) => given.answer({ opcode, name: 'web.example.', flags: 0 })?.flags);

    deepEqual(flags, [FLAG.QR | FLAG.AA | (4 << 11), FLAG.QR | FLAG.AA]);
  });

  it('answers with a wildcard as an alias', () => {
    const name = 'a.wild.example.ns1.svc.cluster.local.';

    deepEqual(shown(new Given().answer({ name })), [
      `${name} CNAME *.wild.example.`,
      '*.wild.example. A 10.0.0.3',
    ]);
  });

  it('sends every answer in memory of its own', () => {
    const given = new Given();
    const query = readMessage(encodeQuery({ name: 'web.example.' })) as Message;

    const [first, second] = [1, 2].map(() => given.local.answer(query, table, 512));

    notEqual(first, second);
    deepEqual(first, second);
  });
});
