// What every field of protobuf's JSON form is to its reader, and how a wrong value is told: where it stands, what it
// is, what was expected.

import { ConfigError } from '../../runtime/errors.ts';
import type { Json } from '../../runtime/json.ts';
import { excerpt } from '../../runtime/excerpt.ts';
import { isSecretName, maskText } from '../secrets.ts';
import { MASK } from '../../runtime/redaction.ts';
import type { YamlPlace } from '../yaml/yaml.ts';

/** Names as they are written, and positions in lists. */
export type Path = readonly (string | number)[];

/** What a reader knows of the text, and where it reports what it skips. */
export interface ReadingContext {
  readonly unknownField: (path: Path) => void;
  readonly placeOf: (path: Path) => YamlPlace | undefined;
}

export interface Field {
  /** What a null inside a list or a map becomes. */
  readonly empty: Json;
  /** @throws ConfigError when the value is of another type */
  read(value: Json, path: Path, context: ReadingContext): Json;
  /** Whether the canonical form leaves this value out. */
  isZero(value: Json): boolean;
}

/** By camelCase name, in the order of the declaration. */
export type Fields = Readonly<Record<string, Field>>;

/** `line 2, column 6: proxyMetadata.A: 1 is a number, not text; quote it: "1"` */
export function wrongType(value: Json, path: Path, expected: string, context: ReadingContext): ConfigError {
  const written = shown(value, path, context);
  const quote = expected === 'text' && typeof value !== 'object' ? `; quote it: "${written}"` : '';
  return fieldError(`${written} is ${kindOf(value)}, not ${expected}${quote}`, path, context);
}

export function fieldError(
  problem: string,
  path: Path,
  context: ReadingContext,
  cause?: unknown,
): ConfigError {
  const place = context.placeOf(path);
  const position = place === undefined ? '' : `line ${place.line}, column ${place.column}: `;
  const name = path.length === 0 ? '' : `${excerpt(path.join('.'))}: `;
  return new ConfigError(`${position}${name}${problem}`, { cause });
}

function shown(value: Json, path: Path, context: ReadingContext): string {
  if (isSecretName(String(path.at(-1)))) return MASK;
  const source = typeof value === 'string' ? undefined : context.placeOf(path)?.source;
  return excerpt(maskText(source ?? JSON.stringify(value)));
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { boolean: 'a boolean', number: 'a number', string: 'text', object: 'an object' }[
    typeof value as 'boolean' | 'number' | 'string' | 'object'
  ];
}
