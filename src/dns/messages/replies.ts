// Replies that say only how it went, and replies cut to the size a client takes. They are made of bytes that somebody
// else has sent, whatever those say: a question is repeated, and an answer is kept as far as it fits.

import { HEADER_BYTES, TYPE, type Message, type RecordSpan } from './message.ts';

export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NOTIMP: 4 } as const;

type Rcode = (typeof RCODE)[keyof typeof RCODE];

const RESPONSE = 0x8000;
const OPCODE = 0x7800;
const TRUNCATED = 0x0200;
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
 * The reply, or as many of its first records as fit, and TC set. The OPT record is kept before all others. Cutting
 * at the end leaves every compressed name whole: pointers only lead backwards.
 */
export function fitReply(reply: Message, limitBytes: number): Buffer {
  if (reply.bytes.length <= limitBytes) return reply.bytes;
  const option = reply.records.find(({ type }) => type === TYPE.OPT);
  const kept: RecordSpan[] = [];
  for (const record of reply.records) {
    const missing = option !== undefined && record !== option && !kept.includes(option);
    if (record.end + (missing ? option.end - option.start : 0) > limitBytes) break;
    kept.push(record);
  }
  const parts = [reply.bytes.subarray(0, kept.at(-1)?.end ?? reply.questionsEnd)];
  if (option !== undefined && !kept.includes(option)) {
    kept.push(option);
    parts.push(reply.bytes.subarray(option.start, option.end));
  }
  const cut = Buffer.concat(parts);
  const count = (section: RecordSpan['section']): number =>
    kept.filter((record) => record.section === section).length;
  cut.writeUInt16BE(cut.readUInt16BE(2) | TRUNCATED, 2);
  cut.writeUInt16BE(count('answer'), 6);
  cut.writeUInt16BE(count('authority'), 8);
  cut.writeUInt16BE(count('additional'), 10);
  return cut;
}
