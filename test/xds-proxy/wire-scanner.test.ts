import { deepEqual, ok, throws } from 'node:assert/strict';

import * as fc from 'fast-check';

import { MalformedMessage, scanFields } from '../../src/xds-proxy/wire-scanner.ts';
import { anyFields, fieldBytes } from './wire-messages.ts';

function fieldsOf(hex: string): [number, string][] {
  const bytes = Buffer.from(hex, 'hex');
  const fields: [number, string][] = [];
  scanFields(bytes, (number, start, end) => fields.push([number, bytes.toString('latin1', start, end)]));
  return fields;
}

describe('scanFields', () => {
  it('finds length-delimited fields in any order, repeated ones each time', () => {
    deepEqual(fieldsOf('2201610a01622201639a0602ffff'), [
      [4, 'a'],
      [1, 'b'],
      [4, 'c'],
      [99, '\u00ff\u00ff'],
    ]);
    deepEqual(fieldsOf(''), []);
  });

  it('skips varints of up to ten bytes and fixed-width fields', () => {
    deepEqual(fieldsOf('18ffffffffffffffffff019d0301020304a1030102030405060708220161'), [[4, 'a']]);
  });

  for (const [what, hex] of [
    ['a length past the end', '227f616263'],
    ['a length of ten bytes past the end', '22ffffffffffffffffff01'],
    ['a truncated length', '22ff'],
    ['a varint of eleven bytes', '18ffffffffffffffffffffff01'],
    ['a truncated fixed32', '9d03010203'],
    ['a truncated fixed64', 'a10301020304050607'],
    ['a group', '4b4c'],
    ['wire type 7', '0f'],
    ['field number 0', '0200'],
  ] as const) {
    it(`refuses ${what}`, () => {
      throws(() => fieldsOf(hex), MalformedMessage);
    });
  }

  it('finds exactly the length-delimited fields of any message, in their order', () => {
    fc.assert(
      fc.property(anyFields(), (fields) => {
        const found = fieldsOf(fieldBytes(fields).toString('hex'));

        const expected = fields.flatMap(({ number, value }) =>
          value instanceof Uint8Array ? [[number, Buffer.from(value).toString('latin1')]] : [],
        );
        deepEqual(found, expected);
      }),
    );
  });

  it('takes or refuses any bytes, and never reads outside of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          scanFields(bytes, (_number, start, end) => ok(start <= end && end <= bytes.length));
        } catch (error) {
          ok(error instanceof MalformedMessage, String(error));
        }
      }),
    );
  });
});
