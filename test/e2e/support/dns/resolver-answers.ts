// What the resolver behind a DNS server under test knows: one host, and two with more addresses than fit.

import { ORDINARY, type Answering } from '../../../dns/support/fake-resolver.ts';
import { decode, encodeAnswer, FLAG } from '../../../dns/support/wire.ts';

export const GIANT: readonly string[] = Array.from({ length: 64 }, (_, index) => `10.1.0.${index}`);
/** What the resolver itself cuts it to. */
export const CUT: readonly string[] = GIANT.slice(0, 29);

export const resolverAnswers: Answering = (query, protocol) => {
  const name = decode(query).questions[0]?.name.toLowerCase();
  if (name === 'giant.') return [encodeAnswer(query, { addresses: GIANT })];
  if (name === 'giant-tc.')
    return [encodeAnswer(query, { addresses: CUT, flags: FLAG.TC | FLAG.RD | FLAG.RA })];
  return ORDINARY(query, protocol);
};
