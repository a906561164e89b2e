// Reading JSON as Go's encoding/json does it into a struct: names match whatever their case, unknown members and
// nulls are passed over, and a value of another type is an error that says where it stands.

import { ConfigError, messageOf } from '../runtime/errors.ts';
import { excerpt } from '../runtime/excerpt.ts';
import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';

/** The text is no JSON, or a value in it has another type than the struct's field. */
export class DecodeError extends ConfigError {}

/** @throws DecodeError with the parser's words */
export function decodeJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new DecodeError(messageOf(error), { cause: error });
  }
}

/** The members of one JSON object, by the names of a Go struct. The getters throw DecodeError. */
export class GoMembers {
  readonly #object: JsonObject;
  readonly #where: string;

  /**
   * @param where names the value in errors; empty: it is the whole text
   * @throws DecodeError when the value is no object
   */
  constructor(value: Json, where: string) {
    if (!isJsonObject(value)) throw wrongType(where, value, 'an object');
    this.#object = value;
    this.#where = where;
  }

  /** All members, as those of a map: here case counts. A null has no members. */
  entries(): readonly (readonly [name: string, members: GoMembers])[] {
    return Object.entries(this.#object).map(([name, value]) => [
      name,
      new GoMembers(value ?? {}, this.#path(name)),
    ]);
  }

  /** Undefined when it is absent or null; of several spellings the last counts. */
  get(name: string): Json | undefined {
    const wanted = name.toLowerCase();
    const found = Object.entries(this.#object).findLast(([written]) => written.toLowerCase() === wanted);
    return found?.[1] ?? undefined;
  }

  object(name: string): GoMembers | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : new GoMembers(value, this.#path(name));
  }

  list(name: string): readonly GoMembers[] {
    const value = this.get(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw wrongType(this.#path(name), value, 'a list');
    return value.map((item, index) => new GoMembers(item, `${this.#path(name)}[${index}]`));
  }

  /** Absent: empty. */
  text(name: string): string {
    const value = this.get(name) ?? '';
    if (typeof value !== 'string') throw wrongType(this.#path(name), value, 'text');
    return value;
  }

  /** Absent: 0. */
  integer(name: string): number {
    const value = this.get(name) ?? 0;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw wrongType(this.#path(name), value, 'a whole number');
  }

  #path(name: string): string {
    return this.#where === '' ? name : `${this.#where}.${name}`;
  }
}

function wrongType(where: string, value: Json, expected: string): DecodeError {
  const shown = excerpt(JSON.stringify(value), 80);
  return new DecodeError(`${where || 'the value'}: ${shown} is not ${expected}`);
}
