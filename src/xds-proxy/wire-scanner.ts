// Reads the top level of a protobuf message without decoding it: where each length-delimited field lies. What the
// fields mean is in envelopes.ts. Pure; allocates nothing per field, so a push of 10 000 resources stays cheap.

import { AgentError } from '../runtime/errors.ts';

/** The bytes are not a protobuf message; the stream that carried them cannot go on. */
export class MalformedMessage extends AgentError {
  constructor(why: string) {
    super(`malformed message: ${why}`);
  }
}

/**
 * Called for every length-delimited field, in the order of the bytes.
 *
 * @param number field number
 * @param start offset of the first byte of the value
 * @param end offset after its last byte
 */
export type FieldVisitor = (number: number, start: number, end: number) => void;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Longest varint there is, bytes: 64 bits in groups of seven. */
const MAX_VARINT_BYTES = 10;

/**
 * Walks over the fields of one message. Fields of the other wire types are skipped; nested messages are not entered.
 *
 * @throws MalformedMessage for a length past the end, a varint over 10 bytes, or a wire type that does not exist
 */
export function scanFields(bytes: Uint8Array, visit: FieldVisitor): void {
  const cursor = new Cursor(bytes);
  while (!cursor.atEnd) {
    const tag = cursor.varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new MalformedMessage('field number 0');
    switch (tag % 8) {
      case VARINT:
        cursor.varint();
        break;
      case FIXED64:
        cursor.skip(8);
        break;
      case LENGTH_DELIMITED: {
        const length = cursor.varint();
        const start = cursor.skip(length);
        visit(number, start, start + length);
        break;
      }
      case FIXED32:
        cursor.skip(4);
        break;
      default:
        throw new MalformedMessage(`wire type ${tag % 8}`); // groups too: the xDS API has none
    }
  }
}

class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Exact up to 2^53, which no tag or length that fits a message exceeds. */
  varint(): number {
    let value = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new MalformedMessage('a varint runs past the end');
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new MalformedMessage('a varint has more than 10 bytes');
  }

  /** @returns where the skipped bytes begin */
  skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw new MalformedMessage('a field runs past the end');
    this.#at = start + length;
    return start;
  }
}
