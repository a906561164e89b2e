// How long an answer of a resolver may be kept, and what has to be changed in it as time goes by. RFC 2181 section 8
// for times to live, RFC 2308 for answers that say there is nothing, RFC 6891 for OPT records.

import { TYPE, type Message, type RecordSpan } from '../messages/message.ts';
import { RCODE } from '../messages/replies.ts';

export interface AnswerLife {
  /** At least 1. */
  readonly seconds: number;
  /** Where the message has a time to live, in four bytes each. */
  readonly ttlOffsets: readonly number[];
}

const TYPE_SOA = 6;
const TYPE_ANY = 255;
/** All flags but those that say what was asked for or how the resolver knows. */
const OPCODE_TRUNCATED_RCODE = 0x7a0f;
/** A minimum of SOA is at the end of it. */
const SOA_MINIMUM_BYTES = 4;
/** Longest lives, seconds. */
const MAX_SECONDS = 86_400;
const MAX_NEGATIVE_SECONDS = 10_800;

/** Undefined for an answer that is not to be kept: a failure, a cut one, one without a time. */
export function lifeOf(answer: Message): AnswerLife | undefined {
  const { bytes, records } = answer;
  const status = bytes.readUInt16BE(2) & OPCODE_TRUNCATED_RCODE;
  if (answer.question === undefined || (status !== RCODE.NOERROR && status !== RCODE.NXDOMAIN))
    return undefined;
  const option = records.find(({ type }) => type === TYPE.OPT);
  if (option !== undefined && bytes[ttlOffset(bytes, option)] !== 0) return undefined; // more of a response code
  const ttlOffsets = records.filter((record) => record !== option).map((record) => ttlOffset(bytes, record));
  const limits = [...ttlOffsets.map((offset) => secondsAt(bytes, offset)), MAX_SECONDS];
  if (status === RCODE.NXDOMAIN || !hasAsked(answer))
    limits.push(negativeSeconds(answer), MAX_NEGATIVE_SECONDS);
  const seconds = Math.min(...limits);
  return seconds >= 1 ? { seconds, ttlOffsets } : undefined;
}

function hasAsked({ question, records }: Message): boolean {
  return records.some(
    ({ section, type }) => section === 'answer' && (type === question?.type || question?.type === TYPE_ANY),
  );
}

/** 0 without an SOA record: there is no telling for how long there will be nothing. */
function negativeSeconds({ bytes, records }: Message): number {
  const soa = records.find(({ section, type }) => section === 'authority' && type === TYPE_SOA);
  return soa === undefined ? 0 : secondsAt(bytes, soa.end - SOA_MINIMUM_BYTES);
}

/** More than 2^31 is to be taken for none. */
function secondsAt(bytes: Buffer, offset: number): number {
  const seconds = bytes.readUInt32BE(offset);
  return seconds < 2 ** 31 ? seconds : 0;
}

/** After the owner, two bytes of type and two of class. */
function ttlOffset(bytes: Buffer, { start }: RecordSpan): number {
  for (let at = start; ;) {
    const size = bytes[at] ?? 0;
    if (size === 0) return at + 1 + 4;
    if (size >= 0xc0) return at + 2 + 4;
    at += 1 + size;
  }
}
