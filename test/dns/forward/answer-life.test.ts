import { deepEqual, equal } from 'node:assert/strict';

import { lifeOf } from '../../../src/dns/forward/answer-life.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { address, encodeSections, option, soa, type Sections, type WireRecord } from '../support/records.ts';
import { encodeName, encodeQuery, FLAG, type RecordType } from '../support/wire.ts';

function answer(sections: Sections, type: RecordType = 'A'): Message {
  return readMessage(encodeSections(encodeQuery({ name: 'a.example.', type }), sections)) as Message;
}

const cname = (ttl: number): WireRecord => ({ type: 5, ttl, data: encodeName('b.example.') });

describe('lifeOf', () => {
  const lives: [string, Sections, number | undefined][] = [
    [
      'the smallest time of all records',
      { answers: [address(60), address(30)], authorities: [address(20)], additionals: [address(40)] },
      20,
    ],
    ['the time of an address behind an alias', { answers: [cname(300), address(30)] }, 30],
    ['no time of an OPT record', { answers: [address(60)], additionals: [option()] }, 60],
    ['at most a day', { answers: [address(1_000_000)] }, 86_400],
    ['nothing for an answer without a time to live', { answers: [address(0), address(60)] }, undefined],
    ['nothing for a time to live beyond 2^31', { answers: [address(0x8000_0001)] }, undefined],
    ['nothing for a cut answer', { answers: [address(60)], flags: FLAG.TC }, undefined],
    ['nothing for a failure', { rcode: 2, authorities: [soa(60, 60)] }, undefined],
    ['nothing for a refusal', { rcode: 5, authorities: [soa(60, 60)] }, undefined],
    [
      'nothing for a failure that the OPT record tells',
      { answers: [address(60)], additionals: [option(1)] },
      undefined,
    ],
    ['the SOA minimum for a name that does not exist', { rcode: 3, authorities: [soa(300, 60)] }, 60],
    ['the time of the SOA record where it is smaller', { rcode: 3, authorities: [soa(30, 60)] }, 30],
    ['the SOA minimum for a name without such records', { authorities: [soa(300, 60)] }, 60],
    ['the SOA minimum behind an alias too', { answers: [cname(500)], authorities: [soa(300, 60)] }, 60],
    ['at most three hours for nothing', { rcode: 3, authorities: [soa(86_400, 86_400)] }, 10_800],
    ['nothing for nothing without an SOA record', { rcode: 3 }, undefined],
    ['nothing for an alias that leads nowhere', { answers: [cname(60)] }, undefined],
    ['no SOA minimum for what exists', { answers: [address(60)], authorities: [soa(90, 5)] }, 60],
  ];
  for (const [what, sections, seconds] of lives) {
    it(`is ${what}`, () => {
      equal(lifeOf(answer(sections))?.seconds, seconds);
    });
  }

  it('takes any record for an answer to a question about all', () => {
    equal(lifeOf(answer({ answers: [address(60)], authorities: [soa(90, 5)] }, 'ANY'))?.seconds, 60);
  });

  it('is nothing for an answer without a question', () => {
    const bytes = Buffer.from('000181830000000000000000', 'hex');

    equal(lifeOf(readMessage(bytes) as Message), undefined);
  });

  it('tells where the times are, those of aliased and of plain names', () => {
    const { bytes, ...message } = answer({
      answers: [cname(7)],
      authorities: [soa(8, 9)],
      additionals: [option()],
    });

    const offsets = lifeOf({ ...message, bytes })?.ttlOffsets ?? [];

    deepEqual(
      offsets.map((offset) => bytes.readUInt32BE(offset)),
      [7, 8],
    );
  });
});
