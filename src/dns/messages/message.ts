// What a DNS server has to know of a message it passes on: header, question, and where each record begins and ends.
// Records are not decoded here. dns2, which decodes them (query.ts), tells no places: nobody's message could be repeated
// or cut by what it says, and to it a dot within a label is one between two.
// RFC 1035 section 4, RFC 6891 for the size a client takes.

export const HEADER_BYTES = 12;

export interface Header {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly questions: number;
  readonly answers: number;
  readonly authorities: number;
  readonly additionals: number;
}

export interface Question {
  /** Lower case, absolute; undefined for a name with bytes that no host name has. */
  readonly name: string | undefined;
  readonly type: number;
  /** As it was sent. */
  readonly bytes: Buffer;
}

export interface RecordSpan {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly start: number;
  readonly end: number;
  readonly type: number;
  /** The class; in an OPT record the size of UDP messages its sender takes, bytes. */
  readonly recordClass: number;
}

export interface Message {
  readonly header: Header;
  readonly bytes: Buffer;
  /** The first one. */
  readonly question: Question | undefined;
  /** Where the records begin. */
  readonly questionsEnd: number;
  /** In the order of the message. */
  readonly records: readonly RecordSpan[];
}

export const TYPE = { A: 1, CNAME: 5, AAAA: 28, OPT: 41 } as const;

const MAX_NAME_BYTES = 255;
/** Bits of the header's flags. */
const RESPONSE = 0x8000;
const OPCODE_SHIFT = 11;
/** Type and class. */
const QUESTION_FIELDS_BYTES = 4;
/** What everybody takes over UDP. */
const MIN_LIMIT_BYTES = 512;
/** Of IPv4, without the headers of IP and UDP. */
const MAX_DATAGRAM_BYTES = 65_507;
const NO_RECORDS: readonly RecordSpan[] = [];

/** Undefined when there are fewer than twelve bytes. */
export function readHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const flags = bytes.readUInt16BE(2);
  return {
    id: bytes.readUInt16BE(0),
    isResponse: (flags & RESPONSE) !== 0,
    opcode: (flags >> OPCODE_SHIFT) & 0xf,
    questions: bytes.readUInt16BE(4),
    answers: bytes.readUInt16BE(6),
    authorities: bytes.readUInt16BE(8),
    additionals: bytes.readUInt16BE(10),
  };
}

/**
 * Undefined for bytes that are no whole message; bytes after the last record do not matter.
 *
 * @param header that of the same bytes, when it has been read already
 */
export function readMessage(bytes: Buffer, header = readHeader(bytes)): Message | undefined {
  if (header === undefined) return undefined;
  let offset = HEADER_BYTES;
  let question: Question | undefined;
  for (let index = 0; index < header.questions; index += 1) {
    const name = nameSpan(bytes, offset);
    const end = name === undefined ? Infinity : name.end + QUESTION_FIELDS_BYTES;
    if (name === undefined || end > bytes.length) return undefined;
    // before the first question there is no name that it could point to
    if (question === undefined && name.isCompressed) return undefined;
    question ??= new SentQuestion(bytes.subarray(offset, end));
    offset = end;
  }
  const records = readRecords(bytes, offset, header);
  return records && { header, bytes, question, questionsEnd: offset, records };
}

/** The largest UDP reply the sender of a message takes, bytes; and not more than a datagram holds. */
export function udpLimit({ records }: Message): number {
  for (const { section, type, recordClass } of records) {
    if (section !== 'additional' || type !== TYPE.OPT) continue;
    return Math.min(MAX_DATAGRAM_BYTES, Math.max(MIN_LIMIT_BYTES, recordClass));
  }
  return MIN_LIMIT_BYTES;
}

/** Its name is read when somebody wants it: most questions are known by their bytes. */
class SentQuestion implements Question {
  readonly bytes: Buffer;
  readonly type: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.type = bytes.readUInt16BE(bytes.length - QUESTION_FIELDS_BYTES);
  }

  get name(): string | undefined {
    return nameText(this.bytes);
  }
}

function readRecords(bytes: Buffer, start: number, header: Header): readonly RecordSpan[] | undefined {
  if (header.answers + header.authorities + header.additionals === 0) return NO_RECORDS;
  const records: RecordSpan[] = [];
  const sections = [
    ['answer', header.answers],
    ['authority', header.authorities],
    ['additional', header.additionals],
  ] as const;
  let offset = start;
  for (const [section, count] of sections) {
    for (let index = 0; index < count; index += 1) {
      const name = nameSpan(bytes, offset);
      if (name === undefined || name.end + 10 > bytes.length) return undefined;
      const end = name.end + 10 + bytes.readUInt16BE(name.end + 8);
      if (end > bytes.length) return undefined;
      const type = bytes.readUInt16BE(name.end);
      records.push({ section, start: offset, end, type, recordClass: bytes.readUInt16BE(name.end + 2) });
      offset = end;
    }
  }
  return records;
}

interface NameSpan {
  /** After the name where it is read, not where a pointer leads. */
  readonly end: number;
  /** It ends with a pointer. */
  readonly isCompressed: boolean;
}

/** Undefined for labels beyond the message, of an unknown kind, or a name too long. */
function nameSpan(bytes: Buffer, start: number): NameSpan | undefined {
  let end: number | undefined;
  let length = 1;
  for (let at = start; ;) {
    const size = bytes[at];
    if (size === undefined) return undefined;
    if (size === 0) return { end: end ?? at + 1, isCompressed: end !== undefined };
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      if (at + 2 > bytes.length || target >= at) return undefined; // only backwards, so it cannot go round
      end ??= at + 2;
      at = target;
      continue;
    }
    length += size + 1;
    if (size > 63 || length > MAX_NAME_BYTES || at + 1 + size > bytes.length) return undefined;
    at += size + 1;
  }
}

/**
 * A dot or a backslash inside a label, or a byte outside ASCII, would have to be escaped: no name of ours has any.
 *
 * @param question whole, its name not compressed
 */
function nameText(question: Buffer): string | undefined {
  const labels: string[] = [];
  let size = question[0] ?? 0;
  for (let at = 0; size !== 0; size = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  const isPlain = labels.every((label) => /^[!-~]+$/.test(label) && !/[.\\]/.test(label));
  return isPlain ? `${labels.join('.').toLowerCase()}.` : undefined;
}
