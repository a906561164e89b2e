// Answers with records of every kind, section by section.

import { encodeName, FLAG } from './wire.ts';

export interface WireRecord {
  readonly type: number;
  readonly ttl: number;
  readonly data: Buffer;
  /** Default: the asked name, by a pointer. */
  readonly owner?: Buffer;
  /** Default: IN. */
  readonly recordClass?: number;
}

export interface Sections {
  readonly answers?: readonly WireRecord[];
  readonly authorities?: readonly WireRecord[];
  readonly additionals?: readonly WireRecord[];
  readonly rcode?: number;
  /** Added to those of every answer. */
  readonly flags?: number;
}

const HEADER_BYTES = 12;
const ASKED_NAME = Buffer.from([0xc0, HEADER_BYTES]);

/** @param query with its question alone */
export function encodeSections(query: Buffer, sections: Sections): Buffer {
  const { answers = [], authorities = [], additionals = [], rcode = 0, flags = 0 } = sections;
  const question = query.subarray(HEADER_BYTES, query.indexOf(0, HEADER_BYTES) + 5);
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(FLAG.QR | FLAG.RD | FLAG.RA | flags | rcode, 2);
  for (const [index, count] of [1, answers.length, authorities.length, additionals.length].entries())
    header.writeUInt16BE(count, 4 + 2 * index);
  return Buffer.concat([header, question, ...[...answers, ...authorities, ...additionals].map(encodeRecord)]);
}

export function address(ttl: number): WireRecord {
  return { type: 1, ttl, data: Buffer.from([10, 0, 0, 1]) };
}

export function soa(ttl: number, minimum: number): WireRecord {
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(minimum, 16);
  const data = Buffer.concat([encodeName('ns.example.'), encodeName('admin.example.'), numbers]);
  return { type: 6, ttl, data, owner: encodeName('example.') };
}

/** @param extended the upper bits of the response code */
export function option(extended = 0): WireRecord {
  return { type: 41, ttl: extended << 24, data: Buffer.alloc(0), owner: Buffer.from([0]), recordClass: 1232 };
}

function encodeRecord({ type, ttl, data, owner = ASKED_NAME, recordClass = 1 }: WireRecord): Buffer {
  const fields = Buffer.alloc(10);
  fields.writeUInt16BE(type, 0);
  fields.writeUInt16BE(recordClass, 2);
  fields.writeUInt32BE(ttl >>> 0, 4);
  fields.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fields, data]);
}
