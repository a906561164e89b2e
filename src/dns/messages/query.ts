// Which bytes are a query that is answered. Upstream: miekg/dns acceptfunc.go, and its decoder for the rest.

import { Packet } from 'dns2';

import { HEADER_BYTES, readMessage, TYPE, type Header, type Message, type RecordSpan } from './message.ts';

export const OPCODE = { QUERY: 0, NOTIFY: 4 } as const;

/** An OPT record without options: the name of the root, and ten bytes of fields. */
const BARE_OPTION_BYTES = 11;

/**
 * Undefined for more records than a query has, and for any that cannot be decoded. A header alone counts as a query
 * without a question, whatever it announces, as it does upstream.
 *
 * @param header that of the same bytes
 */
export function readQuery(bytes: Buffer, header: Header): Message | undefined {
  if (!isSmall(header)) return undefined;
  if (bytes.length === HEADER_BYTES) {
    return { header, bytes, question: undefined, questionsEnd: HEADER_BYTES, records: [] };
  }
  const query = readMessage(bytes, header);
  if (query === undefined || query.records.every(isBareOption)) return query;
  return Packet.parse(bytes).errors.length === 0 ? query : undefined;
}

function isSmall({ questions, answers, authorities, additionals }: Header): boolean {
  return questions === 1 && answers <= 1 && authorities <= 1 && additionals <= 2;
}

/** All that most queries have beside their question: there is nothing in it to decode. */
function isBareOption({ type, start, end }: RecordSpan): boolean {
  return type === TYPE.OPT && end - start === BARE_OPTION_BYTES;
}
