// What an unquoted word of YAML 1.1 means to Go's reader: null, a boolean, a number, or just text.
// Upstream: sigs.k8s.io/yaml 1.6, goyaml.v2 resolve.

import { ConfigError } from '../../runtime/errors.ts';

/** A bigint is an integer a number cannot hold. */
export type YamlScalar = null | boolean | number | bigint | string;

const WORDS: ReadonlyMap<string, YamlScalar> = new Map<string, YamlScalar>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF'].flatMap((word) => [
    [word, Infinity] as const,
    [`+${word}`, Infinity] as const,
    [`-${word}`, -Infinity] as const,
  ]),
]);

const INTEGER = /^[+-]?(?:0x[\da-f]+|0b[01]+|0o?[0-7]*|[1-9]\d*)$/i;
const FLOAT = /^[+-]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[+-]?\d+)?$/i;

/** The value of an untagged, unquoted scalar. NaN and the infinities are numbers here; JSON has none of them. */
export function plainScalar(text: string): YamlScalar {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (!/^[+\-.\d]/.test(text)) return text;
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const integer = goInteger(plain);
  if (integer !== undefined) return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
  const number = FLOAT.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(number) ? number : text;
}

/** Go's strconv.ParseInt with base prefixes, into 64 bits, signed or not. */
function goInteger(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const digits = text.replace(/^[+-]/, '');
  const prefixed = /^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits;
  if (/^0[box]$/i.test(prefixed)) return undefined;
  const value = text.startsWith('-') ? -BigInt(prefixed) : BigInt(prefixed);
  return value >= -(2n ** 63n) && value < 2n ** 64n ? value : undefined;
}

const STANDARD = 'tag:yaml.org,2002:';

/** Kinds of value that a tag can ask for; any other tag leaves a text as it is. */
const KINDS: Readonly<Record<string, (value: YamlScalar) => boolean>> = {
  null: (value) => value === null,
  bool: (value) => typeof value === 'boolean',
  int: (value) => typeof value === 'bigint' || Number.isInteger(value),
  float: (value) => typeof value === 'number',
};

/** @throws ConfigError when the text is nothing of the tag's kind */
export function taggedScalar(tag: string, text: string): YamlScalar {
  const kind = tag.startsWith(STANDARD) ? tag.slice(STANDARD.length) : '';
  if (kind === 'binary') return binary(text);
  const fits = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (fits === undefined) return text;
  const value = plainScalar(text);
  if (fits(value)) return value;
  throw new ConfigError(`${JSON.stringify(text)} is no !!${kind}`);
}

function binary(text: string): string {
  const packed = text.replaceAll(/\s/g, '');
  if (packed.length % 4 === 0 && /^[a-z\d+/]*={0,2}$/i.test(packed)) {
    return Buffer.from(packed, 'base64').toString('utf8');
  }
  throw new ConfigError('a !!binary value is no base64');
}
