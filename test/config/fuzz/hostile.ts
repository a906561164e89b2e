// Texts and JSON that a careless reader trips over: quotes, escapes, control characters, names every object has,
// many bytes, deep nesting. Texts are well-formed: neither a file nor the environment can hold half a character.

import * as fc from 'fast-check';

import type { Json } from '../../../src/runtime/json.ts';

const NASTY = [
  '',
  ' ',
  '"',
  "'",
  '\\',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\x1b[0m',
  '\u2028',
  '\ufffd',
  '\ufeff',
  '😀',
  '$(HOST_IP)',
  '${x}',
  '{{ . }}',
  '<<',
  '*a',
  '&a',
  '!!binary x',
  'null',
  'y',
  '0x10',
  '1e400',
  '9007199254740993',
  '__proto__',
  'constructor',
  'toString',
];

const piece = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 8 }));

const short = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
const long = fc.tuple(piece, fc.nat(65_536)).map(([text, size]) => text.repeat(size).slice(0, 65_536));

export const hostileText: fc.Arbitrary<string> = fc
  .oneof({ weight: 60, arbitrary: short }, { weight: 1, arbitrary: long })
  .map((text) => text.toWellFormed());

/**
 * Once there is an object with a key that ends in a backslash, JSON.parse of Node 24 takes another key's escape at that
 * place for it: after `{"x":0,"x\\":0}` it reads `{"x":0,"x\t":0}` as the former. So no key ends like that.
 */
export const hostileKey: fc.Arbitrary<string> = hostileText.filter((text) => !text.endsWith('\\'));

export const hostileMap: fc.Arbitrary<Readonly<Record<string, string>>> = fc
  .array(fc.tuple(hostileKey, hostileText), { maxLength: 4 })
  .map((pairs) => Object.fromEntries(pairs));

const scalar = fc.oneof(hostileText, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));

export const hostileJson: fc.Arbitrary<Json> = fc.letrec<{ readonly json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    scalar.map((value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value)),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.array(fc.tuple(hostileKey, tie('json')), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)),
  ),
})).json;

/** JSON text, written with escapes or without, and now and then very deep. */
export const hostileJsonText: fc.Arbitrary<string> = fc.oneof(
  { weight: 20, arbitrary: hostileJson.map((json) => JSON.stringify(json)) },
  { weight: 20, arbitrary: hostileJson.map((json) => escapedJson(JSON.stringify(json))) },
  {
    weight: 1,
    arbitrary: fc.nat(20_000).map((levels) => `${'{"a":['.repeat(levels)}1${']}'.repeat(levels)}`),
  },
);

/** Every UTF-16 unit beyond ASCII as an escape. */
function escapedJson(text: string): string {
  return text.replaceAll(
    /[^\0-\x7f]/g, // oxlint-disable-line no-control-regex -- ASCII
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
