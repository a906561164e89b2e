// Replies that say only how it went, and replies cut to the size a client takes. They are made of bytes that somebody
// else has sent, whatever those say: a question is repeated, and an answer is kept as far as it fits.

import { HEADER_BYTES, TYPE, type Message, type RecordSpan } from './message.ts';

export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4 } as const;

type Rcode = (typeof RCODE)[keyof typeof RCODE];

const RESPONSE = 0x8000;
const OPCODE = 0x7800;
const TRUNCATED = 0x0200;
/** How many records there are of each section, after the number of questions. */
const SECTIONS = ['answer', 'authority', 'additional'] as const;
const COUNTS_OFFSET = 6;
/** What the asker wants is repeated: recursion, and no checking. */
const COPIED = 0x0110;

/** The header alone: no more than was sent, so nobody can be made to flood somebody else. */
export function headerReply(query: Buffer, rcode: Rcode): Buffer {
  const reply = Buffer.alloc(HEADER_BYTES);
  query.copy(reply, 0, 0, 2);
  const kept = rcode === RCODE.FORMERR ? COPIED : COPIED | OPCODE; // a malformed one's opcode means nothing
  reply.writeUInt16BE(RESPONSE | (query.readUInt16BE(2) & kept) | rcode, 2);
  return reply;
}

/** Header and question, without records. */
export function replyHead({ bytes, question }: Message, rcode: Rcode): Buffer {
  const head = headerReply(bytes, rcode);
  head.writeUInt16BE(question === undefined ? 0 : 1, 4);
  return question === undefined ? head : Buffer.concat([head, question.bytes]);
}

/** Whether a reply says that some of it is missing. */
export function isTruncated(reply: Buffer): boolean {
  return ((reply[2] ?? 0) & (TRUNCATED >> 8)) !== 0;
}

/** The same message with another id. */
export function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/**
 * The reply, or as many of its first records as fit, and TC set. The OPT record is kept before all others, unless it
 * does not fit itself. Cutting at the end leaves every compressed name whole: pointers only lead backwards.
 */
export function fitReply(reply: Message, limitBytes: number): Buffer {
  const { bytes, records, questionsEnd } = reply;
  if (bytes.length <= limitBytes) return bytes;
  if (questionsEnd > limitBytes) return replyHead(reply, RCODE.SERVFAIL); // of more questions than anybody asked
  const option = records.find(
    (each) => each.type === TYPE.OPT && questionsEnd + sizeBytes(each) <= limitBytes,
  );
  const kept: RecordSpan[] = [];
  let end = questionsEnd;
  for (const record of records) {
    const isBeforeOption = option !== undefined && record.end <= option.start;
    if (record.end + (isBeforeOption ? sizeBytes(option) : 0) > limitBytes) break;
    kept.push(record);
    end = record.end;
  }
  const parts = [bytes.subarray(0, end)];
  if (option !== undefined && option.start >= end) {
    kept.push(option);
    parts.push(bytes.subarray(option.start, option.end));
  }
  return truncated(Buffer.concat(parts), kept);
}

/** The same bytes, with a header that fits the records in them. */
function truncated(reply: Buffer, records: readonly RecordSpan[]): Buffer {
  reply.writeUInt16BE(reply.readUInt16BE(2) | TRUNCATED, 2);
  for (const [index, section] of SECTIONS.entries()) {
    const count = records.filter((record) => record.section === section).length;
    reply.writeUInt16BE(count, COUNTS_OFFSET + 2 * index);
  }
  return reply;
}

function sizeBytes({ start, end }: RecordSpan): number {
  return end - start;
}
