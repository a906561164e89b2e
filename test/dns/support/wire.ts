// DNS messages written and read for tests, apart from the product's own reader: queries of every shape, answers with
// their records in full.

export interface Query {
  readonly id?: number;
  readonly name?: string;
  /** Default A. */
  readonly type?: RecordType;
  readonly opcode?: number;
  /** Added to the flags; default recursion desired. */
  readonly flags?: number;
  /** The question section instead of `name`. */
  readonly questions?: readonly { readonly name: string; readonly type: RecordType }[];
  /** Size in an OPT record. */
  readonly edns?: number;
}

export interface Record {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data: string;
}

export interface Decoded {
  readonly id: number;
  readonly flags: number;
  readonly rcode: number;
  readonly questions: readonly { readonly name: string; readonly type: string }[];
  readonly answers: readonly Record[];
  readonly authorities: readonly Record[];
  readonly additionals: readonly Record[];
  readonly bytes: number;
}

const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
} as const;
const MORE_TYPES = { HTTPS: 65, SVCB: 64, ANY: 255 } as const;
const ALL_TYPES = { ...TYPES, ...MORE_TYPES };

export type RecordType = keyof typeof ALL_TYPES;

export const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, CD: 0x0010 } as const;

export function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]));
  return Buffer.concat([...parts, Buffer.from([0])]);
}

export function encodeQuery(query: Query): Buffer {
  const { id = 1, name = 'a.', type = 'A', opcode = 0, flags = FLAG.RD, edns } = query;
  const questions = query.questions ?? [{ name, type }];
  const header = words(id, (opcode << 11) | flags, questions.length, 0, 0, edns === undefined ? 0 : 1);
  const asked = questions.map((each) =>
    Buffer.concat([encodeName(each.name), words(ALL_TYPES[each.type], 1)]),
  );
  return Buffer.concat([header, ...asked, ...(edns === undefined ? [] : [optRecord(edns)])]);
}

export function optRecord(size: number): Buffer {
  return Buffer.concat([Buffer.from([0]), words(TYPES.OPT, size, 0, 0, 0)]);
}

export interface AnswerOptions {
  /** IPv4 addresses. */
  readonly addresses?: readonly string[];
  readonly rcode?: number;
  readonly flags?: number;
  /** Owner of the records; default the asked name. Written once, then pointed to. */
  readonly owner?: string;
}

/** A resolver's answer to a query. */
export function encodeAnswer(query: Buffer, options: AnswerOptions = {}): Buffer {
  const { addresses = [], rcode = 0, flags = FLAG.RD | FLAG.RA, owner } = options;
  const question = query.subarray(12, questionEnd(query));
  const ownerAt = owner === undefined ? 12 : 12 + question.length;
  const records = addresses.map((address, index) => {
    const name = owner !== undefined && index === 0 ? encodeName(owner) : words(0xc000 | ownerAt);
    return Buffer.concat([name, words(1, 1, 0, 30, 4), Buffer.from(address.split('.').map(Number))]);
  });
  const header = words(query.readUInt16BE(0), FLAG.QR | flags | rcode, 1, records.length, 0, 0);
  return Buffer.concat([header, question, ...records]);
}

export function decode(bytes: Buffer): Decoded {
  const flags = bytes.readUInt16BE(2);
  const counts = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  let at = 12;
  const questions = Array.from({ length: counts[0] ?? 0 }, () => {
    const name = readName(bytes, at);
    at = name.end + 4;
    return { name: name.text, type: typeName(bytes.readUInt16BE(name.end)) };
  });
  const [answers = [], authorities = [], additionals = []] = counts.slice(1).map((count) =>
    Array.from({ length: count }, () => {
      const { record, end } = readRecord(bytes, at);
      at = end;
      return record;
    }),
  );
  const rcode = flags & 0xf;
  const id = bytes.readUInt16BE(0);
  return { id, flags, rcode, questions, answers, authorities, additionals, bytes: bytes.length };
}

function readRecord(bytes: Buffer, at: number): { record: Record; end: number } {
  const name = readName(bytes, at);
  const type = bytes.readUInt16BE(name.end);
  const start = name.end + 10;
  const end = start + bytes.readUInt16BE(name.end + 8);
  if (end > bytes.length) throw new Error('a record reaches beyond the message');
  const ttl = bytes.readUInt32BE(name.end + 4);
  return {
    record: { name: name.text, type: typeName(type), ttl, data: dataText(bytes, type, start, end) },
    end,
  };
}

function dataText(bytes: Buffer, type: number, start: number, end: number): string {
  if (type === TYPES.CNAME) return readName(bytes, start).text;
  if (type === TYPES.A) return [...bytes.subarray(start, end)].join('.');
  if (type !== TYPES.AAAA) return bytes.toString('hex', start, end);
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(start + index * 2).toString(16)).join(
    ':',
  );
}

function readName(bytes: Buffer, start: number): { text: string; end: number } {
  let at = start;
  let end: number | undefined;
  let text = '';
  for (let steps = 0; steps < 200; steps += 1) {
    const size = bytes.readUInt8(at);
    if (size === 0) return { text: text || '.', end: end ?? at + 1 };
    if (size >= 0xc0) {
      end ??= at + 2;
      at = bytes.readUInt16BE(at) & 0x3fff;
      continue;
    }
    text += `${bytes.toString('latin1', at + 1, at + 1 + size)}.`;
    at += 1 + size;
  }
  throw new Error('a name goes round');
}

function questionEnd(query: Buffer): number {
  return readName(query, 12).end + 4;
}

function typeName(type: number): string {
  return Object.entries(ALL_TYPES).find(([, number]) => number === type)?.[0] ?? String(type);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}
