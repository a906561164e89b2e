// Which queries get the same answer: those with the same question, flags and kind of EDNS. RFC 6891 section 6.

import { TYPE, udpLimit, type Message } from '../messages/message.ts';
import type { Protocol } from './exchange.ts';

/** Root name, type, size, the field for flags, the length of the options. */
const BARE_OPTION_BYTES = 11;
const OPTION_FLAGS_OFFSET = 5;
const OPCODE = 0x7800;

/**
 * Undefined for a query that may get an answer of its own: one with options of EDNS, such as a cookie or the client's
 * network, one with records, and one that asks for something else than a name.
 */
export function cacheKey({ bytes, question, records }: Message): string | undefined {
  const flags = bytes.readUInt16BE(2);
  const [option] = records;
  const hasOnlyOption = records.length === 0 || (records.length === 1 && option?.type === TYPE.OPT);
  if ((flags & OPCODE) !== 0 || question?.name === undefined || !hasOnlyOption) return undefined;
  if (option !== undefined && option.end - option.start !== BARE_OPTION_BYTES) return undefined;
  const edns = option === undefined ? '' : bytes.readUInt32BE(option.start + OPTION_FLAGS_OFFSET);
  const questionClass = question.bytes.readUInt16BE(question.bytes.length - 2);
  return `${flags} ${edns} ${question.type} ${questionClass} ${question.name}`;
}

/** Which queries may wait for one answer: a resolver also goes by the size that is taken. */
export function sharedKey(key: string, query: Message, protocol: Protocol): string {
  return `${protocol} ${udpLimit(query)} ${key}`;
}
