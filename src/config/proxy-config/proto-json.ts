// Protobuf's JSON form, driven by tables of fields: reads what a person wrote (camelCase or snake_case, Go
// durations, quoted numbers) into the canonical form, and says which fields it does not know.
// Upstream: golang/protobuf jsonpb with unknown fields allowed, istio util/protomarshal.

import { excerpt } from '../../runtime/excerpt.ts';
import { isJsonObject, type Json, type JsonObject } from '../../runtime/json.ts';
import {
  fieldError,
  wrongType,
  type Field,
  type Fields,
  type Path,
  type ReadingContext,
} from './proto-field.ts';

/**
 * The fields of one message in canonical form and in the order of the table. Nulls count as absent; of two
 * spellings camelCase wins. Zero values of this level are kept, those of messages inside are gone.
 *
 * @throws ConfigError naming the place, the field and the value
 */
export function readMessage(fields: Fields, value: Json, path: Path, context: ReadingContext): JsonObject {
  if (!isJsonObject(value)) throw wrongType(value, path, 'an object', context);
  const known = new Set<string>();
  const read: [string, Json][] = [];
  for (const [name, field] of Object.entries(fields)) {
    const snake = snakeCase(name);
    known.add(name).add(snake);
    const written = Object.hasOwn(value, name) ? name : snake;
    const member = Object.hasOwn(value, written) ? value[written] : undefined;
    if (member === undefined || member === null) continue;
    read.push([name, field.read(member, [...path, written], context)]);
  }
  for (const written of Object.keys(value)) {
    if (!known.has(written)) context.unknownField([...path, written]);
  }
  return Object.fromEntries(read);
}

/** Without the fields whose value says nothing. */
export function withoutZeros(fields: Fields, message: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(message).filter(([name, value]) => !(fields[name]?.isZero(value) ?? false)),
  );
}

/** Without those of `names` that are set before the last one: only one of them can be. */
export function oneOf(message: JsonObject, names: readonly string[]): JsonObject {
  const last = names.findLast((name) => Object.hasOwn(message, name));
  return Object.fromEntries(
    Object.entries(message).filter(([name]) => name === last || !names.includes(name)),
  );
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** @param choice names of which only one can be set, in the order of their declaration */
export function message(fields: Fields, choice: readonly string[] = []): Field {
  return {
    empty: {},
    read: (value, path, context) =>
      oneOf(withoutZeros(fields, readMessage(fields, value, path, context)), choice),
    isZero: () => false,
  };
}

export function list(of: Field): Field {
  return {
    empty: [],
    read: (value, path, context) => {
      if (!Array.isArray(value)) throw wrongType(value, path, 'a list', context);
      return value.map((item: Json, index) =>
        item === null ? of.empty : of.read(item, [...path, index], context),
      );
    },
    isZero: (value) => Array.isArray(value) && value.length === 0,
  };
}

export function map(of: Field): Field {
  return {
    empty: {},
    read: (value, path, context) => {
      if (!isJsonObject(value)) throw wrongType(value, path, 'an object', context);
      const entries = Object.entries(value).map(([key, item]): [string, Json] => [
        key,
        item === null ? of.empty : of.read(item, [...path, key], context),
      ]);
      return Object.fromEntries(entries);
    },
    isZero: (value) => isJsonObject(value) && Object.keys(value).length === 0,
  };
}

/** Numbers by name. A number without a name is kept as it is: a newer control plane may know it. */
export function enumeration(names: Readonly<Record<string, number>>): Field {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name]));
  return {
    empty: byNumber.get(0) ?? 0,
    read: (value, path, context) => {
      if (typeof value === 'string' && Object.hasOwn(names, value)) return value;
      if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
        return byNumber.get(value) ?? value;
      }
      const known = Object.keys(names).join(', ');
      throw fieldError(`unknown value ${excerpt(JSON.stringify(value))}, one of ${known}`, path, context);
    },
    isZero: (value) => value === 0 || (typeof value === 'string' && names[value] === 0),
  };
}

/** A field whose zero says something: a wrapper type, or a member of a oneof. */
export function kept(field: Field): Field {
  return { ...field, isZero: () => false };
}
