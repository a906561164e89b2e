// JSON as a type, and the stable key order of everything this agent writes as JSON.

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type TextMap = Readonly<Record<string, string>>;

/** The bytes of UTF-8 decide, upper case first: the order in which Go writes the keys of a map. */
export function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same value, the members of every object in byte order. */
export function sortKeys(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return sortedObject(value);
  return Array.isArray(value) ? value.map(sortKeys) : value;
}

/** `sortKeys` of an object. */
export function sortedObject(object: JsonObject): JsonObject {
  const keys = Object.keys(object).sort(byteOrder);
  return Object.fromEntries(keys.map((key) => [key, sortKeys(object[key] ?? null)]));
}
