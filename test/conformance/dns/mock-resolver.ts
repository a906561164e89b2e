// The resolver the cases ask: it knows one host and two giants, or does what one word of a case says.

import assert from 'node:assert/strict';

import { FakeResolver, ORDINARY, SILENT, type Answering } from '../../dns/support/fake-resolver.ts';
import { decode, encodeAnswer, FLAG } from '../../dns/support/wire.ts';

const GIANT = Array.from({ length: 64 }, (_, index) => `10.1.0.${index}`);
const TRUNCATED: readonly string[] = GIANT.slice(0, 29);

const known: Answering = (query, protocol) => {
  const name = decode(query).questions[0]?.name;
  if (name === 'giant.') return [encodeAnswer(query, { addresses: GIANT })];
  if (name !== 'giant-tc.') return ORDINARY(query, protocol);
  const flags = FLAG.TC | FLAG.RD | FLAG.RA;
  return [encodeAnswer(query, { addresses: TRUNCATED, flags, owner: 'aaaaaaaaaaaa.aaaaaa.' })];
};

const BY_WORD: Readonly<Record<string, Answering>> = {
  timeout: SILENT,
  SERVFAIL: (query) => [encodeAnswer(query, { rcode: 2 })],
  'answer 1.1.1.1': known,
  'record protocol': known,
  '64 A records': known,
  '64 A records named aaaaaaaaaaaa.aaaaaa. truncated by the server with compression, TC set': known,
  'answer with id+1 then answer 1.1.1.1': (query) => {
    const right = encodeAnswer(query, { addresses: ['1.1.1.1'] });
    const wrong = encodeAnswer(query, { addresses: ['6.6.6.6'] });
    wrong.writeUInt16BE((right.readUInt16BE(0) + 1) & 0xffff, 0);
    return [wrong, right];
  },
};

/** @param word what the case says of it */
export function startMock(word = 'record protocol'): Promise<FakeResolver> {
  return FakeResolver.start(BY_WORD[word] ?? assert.fail(`no resolver that does: ${word}`));
}
