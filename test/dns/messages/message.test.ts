import { deepEqual, equal } from 'node:assert/strict';

import { assert as check, property, uint8Array } from 'fast-check';

import { readHeader, readMessage, udpLimit } from '../../../src/dns/messages/message.ts';
import { encodeAnswer, encodeQuery } from '../support/wire.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

describe('readHeader', () => {
  it('reads what stands in the first twelve bytes', () => {
    deepEqual(readHeader(hex('1234 a900 0001 0002 0003 0004')), {
      id: 0x1234,
      isResponse: true,
      opcode: 5,
      questions: 1,
      answers: 2,
      authorities: 3,
      additionals: 4,
    });
  });

  it('gives nothing for fewer', () => {
    equal(readHeader(hex('1234 0100 0001 0000 0000 00')), undefined);
  });
});

describe('readMessage', () => {
  it('reads the question, its name in lower case and its bytes as they are', () => {
    const message = readMessage(encodeQuery({ name: 'Web.Example.', type: 'AAAA' }));

    equal(message?.question?.name, 'web.example.');
    equal(message?.question?.type, 28);
    equal(message?.question?.bytes.toString('latin1', 0, 13), '\x03Web\x07Example\0');
  });

  it('knows the root', () => {
    equal(readMessage(encodeQuery({ name: '.' }))?.question?.name, '.');
  });

  it('gives no name for one that a host cannot have', () => {
    const dotted = readMessage(hex('0001 0100 0001 0000 0000 0000 03612e62 00 0001 0001'));
    const binary = readMessage(hex('0001 0100 0001 0000 0000 0000 03ff0020 00 0001 0001'));

    equal(dotted?.question?.name, undefined);
    equal(dotted?.question?.type, 1);
    equal(binary?.question?.name, undefined);
  });

  it('finds where each record begins and ends, through compressed names', () => {
    const answer = encodeAnswer(encodeQuery({ name: 'a.' }), { addresses: ['1.2.3.4', '5.6.7.8'] });

    const records = readMessage(answer)?.records;

    deepEqual(records, [
      { section: 'answer', start: 19, end: 35, type: 1, recordClass: 1 },
      { section: 'answer', start: 35, end: 51, type: 1, recordClass: 1 },
    ]);
  });

  const broken: [string, string][] = [
    ['a question cut short', '0001 0100 0001 0000 0000 0000 0377'],
    ['a question without type', '0001 0100 0001 0000 0000 0000 0161 00 0001'],
    ['a record cut short', '0001 8100 0000 0001 0000 0000 00 0001 0001 00000000 0004 0102'],
    ['fewer records than announced', '0001 8100 0000 0001 0000 0000'],
    ['a question that points into the header', '0003 0100 0001 0000 0000 0000 c001 0001 0001'],
    ['a pointer to itself', '0001 0100 0001 0000 0000 0000 c00c 0001 0001'],
    ['a pointer ahead', '0001 0100 0001 0000 0000 0000 c00e 0000 0001 0001'],
    ['a label of an unknown kind', '0001 0100 0001 0000 0000 0000 4161 00 0001 0001'],
  ];
  for (const [what, text] of broken) {
    it(`gives nothing for ${what}`, () => {
      equal(readMessage(hex(text)), undefined);
    });
  }

  it('gives nothing for a name above 255 bytes', () => {
    const name = `${'a'.repeat(63)}.`.repeat(4);

    equal(readMessage(encodeQuery({ name })), undefined);
  });

  it('reads or refuses any bytes, and never throws', () => {
    check(
      property(uint8Array({ minLength: 12, maxLength: 80 }), (bytes) => {
        const message = Buffer.from(bytes);
        for (const at of [4, 6, 8, 10]) message.writeUInt16BE(message.readUInt16BE(at) % 3, at);
        const read = readMessage(message);
        return read === undefined || read.records.every(({ end }) => end <= message.length);
      }),
    );
  });
});

describe('udpLimit', () => {
  function limit(edns?: number): number | undefined {
    const message = readMessage(encodeQuery(edns === undefined ? {} : { edns }));
    return message && udpLimit(message);
  }

  it('is what the OPT record says, never under 512, and never above what a datagram holds', () => {
    equal(limit(), 512);
    equal(limit(100), 512);
    equal(limit(4096), 4096);
    equal(limit(65_535), 65_507);
  });
});
