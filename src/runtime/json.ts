// JSON as a type, read from text without a throw, and the stable key order of everything written as JSON.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export type TextMap = Readonly<Record<string, string>>;

/** The bytes of UTF-8 decide, upper case first: the order in which Go writes the keys of a map. */
export function byteOrder(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : Number(a > b); // what UTF-16 needs one unit for is in the same order there
}

const SURROGATE = /[\ud800-\udfff]/;

/** Undefined for a text that is no JSON: whoever asks knows best what to say about it. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Empty for anything that is no text. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The same value, the members of every object in byte order. */
export function sortKeys(value: Json): Json {
  if (isJsonObject(value)) return sortedObject(value);
  return Array.isArray(value) ? value.map(sortKeys) : value;
}

/** `sortKeys` of an object. */
export function sortedObject(object: JsonObject): JsonObject {
  const keys = Object.keys(object).sort(byteOrder);
  return Object.fromEntries(keys.map((key) => [key, sortKeys(object[key] ?? null)]));
}

/** Whether objects and lists lie in each other more than `levels` deep; looks no deeper than that. */
export function isDeeperThan(value: Json | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item: Json) => isDeeperThan(item, levels - 1));
}
