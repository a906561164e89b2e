import { equal } from 'node:assert/strict';

import { readHeader } from '../../../src/dns/messages/message.ts';
import { readQuery } from '../../../src/dns/messages/query.ts';
import { encodeQuery, optRecord } from '../support/wire.ts';

const QUESTION = encodeQuery({ name: 'web.example.' });

function isQuery(bytes: Buffer): boolean {
  const header = readHeader(bytes);
  return header !== undefined && readQuery(bytes, header) !== undefined;
}

/** The question, followed by records of which so many are announced in each section. */
function withRecords(counts: readonly [answers: number, authorities: number, additionals: number], hex = '') {
  const records = hex === '' ? Buffer.alloc(60) : Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const bytes = Buffer.concat([QUESTION, records]);
  for (const [index, count] of counts.entries()) bytes.writeUInt16BE(count, 6 + 2 * index);
  return bytes;
}

describe('readQuery', () => {
  it('takes a question alone, with a bare OPT record, and with one that has options', () => {
    const cookie = '00 0029 04d0 00000000 000c 000a 0008 0123456789abcdef';
    const subnet = '00 0029 04d0 00000000 000b 0008 0007 0001 18 00 c00002';

    equal(isQuery(QUESTION), true);
    equal(isQuery(encodeQuery({ name: 'web.example.', edns: 1232 })), true);
    equal(isQuery(withRecords([0, 0, 1], cookie)), true);
    equal(isQuery(withRecords([0, 0, 1], subnet)), true);
  });

  it('takes one answer, one authority and two additional records, and no more', () => {
    equal(isQuery(withRecords([1, 1, 2])), true);
    for (const counts of [
      [2, 0, 0],
      [0, 2, 0],
      [0, 0, 3],
    ] as const) {
      equal(isQuery(withRecords(counts)), false);
    }
  });

  it('takes exactly one question', () => {
    equal(isQuery(encodeQuery({ questions: [] })), false);
    const question = { name: 'a.', type: 'A' } as const;
    equal(isQuery(encodeQuery({ questions: [question, question] })), false);
  });

  it('takes a header alone for a query without a question, unless it announces more than a query has', () => {
    const header = QUESTION.subarray(0, 12);

    equal(isQuery(header), true);
    equal(isQuery(withRecords([2, 0, 0]).subarray(0, 12)), false);
    equal(isQuery(Buffer.alloc(12)), false);
  });

  it('takes a signature, whose data it does not know', () => {
    equal(isQuery(withRecords([0, 0, 1], '0374736700 00fa 00ff 00000000 0004 01020304')), true);
  });

  const undecodable: [string, string][] = [
    ['an option that reaches beyond its record', '00 0029 04d0 00000000 0006 000a 0008 0123'],
    ['an option cut short', '00 0029 04d0 00000000 0002 000a'],
    ['a subnet that is none', '00 0029 04d0 00000000 0005 0008 0001 00'],
    ['an address of three bytes', '00 0001 0001 00000000 0003 010203'],
    ['a record beyond the message', '00 0029 04d0 00000000 0004 000a'],
  ];
  for (const [what, hex] of undecodable) {
    it(`refuses ${what}`, () => {
      equal(isQuery(withRecords([0, 0, 1], hex)), false);
    });
  }

  it('does not mind bytes after the last record', () => {
    equal(isQuery(Buffer.concat([QUESTION, optRecord(512)])), true);
  });
});
