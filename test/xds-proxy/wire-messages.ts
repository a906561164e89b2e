// Random protobuf messages as bytes, with what a reader of their top level has to find in them.

import * as fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';

/** One field as it stands on the wire; a number is a varint. */
export interface WireField {
  readonly number: number;
  readonly value: number | Uint8Array | { readonly fixed: 32 | 64 };
}

/** Highest field number of the protobuf encoding. */
const MAX_NUMBER = 2 ** 29 - 1;

const value = fc.oneof(
  fc.nat(),
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom({ fixed: 32 } as const, { fixed: 64 } as const),
);

/** @param firstNumber of the lowest field; those below are someone else's */
export function anyFields(firstNumber = 1): fc.Arbitrary<WireField[]> {
  const number = fc.oneof(
    fc.integer({ min: firstNumber, max: firstNumber + 20 }),
    fc.integer({ min: firstNumber, max: MAX_NUMBER }),
  );
  return fc.array(fc.record({ number, value }), { maxLength: 12 });
}

export function fieldBytes(fields: readonly WireField[]): Buffer {
  const writer = protobuf.Writer.create();
  for (const { number, value: content } of fields) {
    const tag = (wireType: number): protobuf.Writer => writer.uint32(((number << 3) | wireType) >>> 0);
    if (typeof content === 'number') tag(0).uint32(content);
    else if (content instanceof Uint8Array) tag(2).bytes(content);
    else if (content.fixed === 32) tag(5).fixed32(1);
    else tag(1).fixed64(1);
  }
  return Buffer.from(writer.finish());
}
