// Protobuf's JSON form, driven by tables of fields: reads what a person wrote (camelCase or snake_case, Go
// durations, quoted numbers) into the canonical form, and says which fields it does not know.
// Upstream: gogo jsonpb with unknown fields allowed, istio util/protomarshal.

import { parseDurationMs } from '../runtime/duration.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';

export type Path = readonly (string | number)[];

/** Where a reader reports what it skips. */
export interface ReadingContext {
  readonly unknownField: (path: Path) => void;
  /** How the value was written, for example `y` for a true. */
  readonly sourceAt: (path: Path) => string | undefined;
}

export interface Field {
  /** @throws ConfigError when the value is of another type */
  read(value: Json, path: Path, context: ReadingContext): Json;
  /** Whether the canonical form leaves this value out. */
  isZero(value: Json): boolean;
}

/** By camelCase name. */
export type Fields = Readonly<Record<string, Field>>;

/**
 * The fields of one message in canonical form. Nulls count as absent; of two spellings camelCase wins. Zero values
 * of this level are kept, those of messages inside are gone.
 */
export function readMessage(fields: Fields, value: Json, path: Path, context: ReadingContext): JsonObject {
  if (!isJsonObject(value)) throw wrongType(value, path, 'an object', context);
  const byName = new Map(
    Object.keys(fields).flatMap((name) => [
      [snakeCase(name), name],
      [name, name],
    ]),
  );
  const read: [string, Json][] = [];
  // snake_case first, so that camelCase comes later and stays
  for (const [written, member] of Object.entries(value).sort((a, b) => rank(fields, a) - rank(fields, b))) {
    const name = byName.get(written);
    const field = name === undefined ? undefined : fields[name];
    if (name === undefined || field === undefined) context.unknownField([...path, written]);
    else if (member !== null) read.push([name, field.read(member, [...path, written], context)]);
  }
  return Object.fromEntries(read);
}

function rank(fields: Fields, [name]: [string, Json]): number {
  return Object.hasOwn(fields, name) ? 1 : 0;
}

/** Without the fields whose value says nothing. */
export function withoutZeros(fields: Fields, message: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(message).filter(([name, value]) => !(fields[name]?.isZero(value) ?? false)),
  );
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export const text: Field = {
  read: (value, path, context) => {
    if (typeof value !== 'string') throw wrongType(value, path, 'text', context);
    return value;
  },
  isZero: (value) => value === '',
};

export const bool: Field = {
  read: (value, path, context) => {
    if (typeof value !== 'boolean') throw wrongType(value, path, 'true or false', context);
    return value;
  },
  isZero: (value) => value === false,
};

export const int32 = integer(-(2 ** 31), 2 ** 31 - 1);
export const uint32 = integer(0, 2 ** 32 - 1);
export const double = numeric('a number', () => true);

function integer(min: number, max: number): Field {
  const fits = (value: number): boolean => Number.isInteger(value) && value >= min && value <= max;
  return numeric(`an integer from ${min} to ${max}`, fits);
}

function numeric(expected: string, fits: (value: number) => boolean): Field {
  return {
    read: (value, path, context) => {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number === 'number' && Number.isFinite(number) && fits(number)) return number;
      throw wrongType(value, path, expected, context);
    },
    isZero: (value) => value === 0,
  };
}

/** Reads Go's `1m30s`, gives protobuf's `90s`. */
export const duration: Field = {
  read: (value, path, context) => {
    if (typeof value !== 'string') throw wrongType(value, path, 'a duration like "30s"', context);
    try {
      return durationText(parseDurationMs(value));
    } catch (error) {
      throw new ConfigError(`${path.join('.')}: bad Duration: ${messageOf(error)}`, { cause: error });
    }
  },
  isZero: () => false, // a message: set is set
};

/** Seconds with 0, 3, 6 or 9 decimals. */
export function durationText(ms: number): string {
  const nanoseconds = Math.round(ms * 1e6);
  const decimals = [0, 3, 6].find((digits) => nanoseconds % 10 ** (9 - digits) === 0) ?? 9;
  return `${(ms / 1000).toFixed(decimals)}s`;
}

/** Milliseconds of a duration in canonical form. */
export function durationMs(text: string): number {
  return parseDurationMs(text);
}

/** The names of an enum by number, from 0 unless given. */
export function enumeration(names: Readonly<Record<string, number>>): Field {
  return {
    read: (value, path) => {
      const name = Object.keys(names).find((name) => name === value || names[name] === value);
      if (name !== undefined) return name;
      throw new ConfigError(
        `${path.join('.')}: unknown value ${JSON.stringify(value)}, one of ${Object.keys(names).join(', ')}`,
      );
    },
    isZero: (value) => typeof value === 'string' && names[value] === 0,
  };
}

export function message(fields: Fields): Field {
  return {
    read: (value, path, context) => withoutZeros(fields, readMessage(fields, value, path, context)),
    isZero: () => false,
  };
}

export function list(of: Field): Field {
  return {
    read: (value, path, context) => {
      if (!Array.isArray(value)) throw wrongType(value, path, 'a list', context);
      return value.map((item: Json, index) => of.read(item, [...path, index], context));
    },
    isZero: (value) => Array.isArray(value) && value.length === 0,
  };
}

export function map(of: Field): Field {
  return {
    read: (value, path, context) => {
      if (!isJsonObject(value)) throw wrongType(value, path, 'an object', context);
      const entries = Object.entries(value).map(([key, item]) => [
        key,
        of.read(item, [...path, key], context),
      ]);
      return Object.fromEntries(entries) as JsonObject;
    },
    isZero: (value) => isJsonObject(value) && Object.keys(value).length === 0,
  };
}

/** A field whose zero says something: a wrapper type, or a member of a oneof. */
export function kept(field: Field): Field {
  return { read: (value, path, context) => field.read(value, path, context), isZero: () => false };
}

/** Passed on as it is: only the control plane knows its type. */
export const anything: Field = { read: (value) => value, isZero: () => false };

function wrongType(value: Json, path: Path, expected: string, context: ReadingContext): ConfigError {
  const written = context.sourceAt(path) ?? JSON.stringify(value);
  const quote = expected === 'text' && typeof value !== 'object' ? `; quote it: "${written}"` : '';
  const place = path.length === 0 ? '' : `${path.join('.')}: `;
  return new ConfigError(`${place}${written} is ${kindOf(value)}, not ${expected}${quote}`);
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { boolean: 'a boolean', number: 'a number', string: 'text', object: 'an object' }[
    typeof value as 'boolean' | 'number' | 'string' | 'object'
  ];
}
