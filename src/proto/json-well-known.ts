// The google.protobuf types that have a JSON form of their own: durations, timestamps, wrappers and free JSON.
// Any is in json-encoder.ts: it needs all other types. Field names are those of the descriptions that come with
// protobufjs: `nullValue`, unlike those of Envoy.

import { JsonMappingError, shown, type Path } from './json-mapping-error.ts';
import { scalarFromJson } from './json-scalars.ts';

type Fields = Readonly<Record<string, unknown>>;
type Reader = (json: unknown, path: Path) => Fields;

/** Largest number of seconds of a Duration: about 10 000 years. */
const MAX_DURATION_SECONDS = 315_576_000_000;

const WRAPPED: Readonly<Record<string, string>> = {
  BoolValue: 'bool',
  StringValue: 'string',
  BytesValue: 'bytes',
  DoubleValue: 'double',
  FloatValue: 'float',
  Int32Value: 'int32',
  UInt32Value: 'uint32',
  Int64Value: 'int64',
  UInt64Value: 'uint64',
};

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['.google.protobuf.Duration', readDuration],
  ['.google.protobuf.Timestamp', readTimestamp],
  ['.google.protobuf.Struct', readStruct],
  ['.google.protobuf.Value', readValue],
  ['.google.protobuf.ListValue', readList],
  ...Object.entries(WRAPPED).map(([name, scalar]): [string, Reader] => [
    `.google.protobuf.${name}`,
    (json, path) => ({ value: scalarFromJson(scalar, json, path) }),
  ]),
]);

/**
 * How a type with a JSON form of its own is read.
 *
 * @param fullName with a leading dot, as protobufjs gives it
 * @returns undefined for every other type
 */
export function wellKnownReader(fullName: string): Reader | undefined {
  return READERS.get(fullName);
}

function readDuration(json: unknown, path: Path): Fields {
  const [, sign = '', whole, fraction = ''] =
    (typeof json === 'string' ? /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(json) : null) ?? [];
  const seconds = Number(whole);
  if (whole === undefined || seconds > MAX_DURATION_SECONDS) {
    throw new JsonMappingError(path, `expected a duration such as "1.5s", found ${shown(json)}`);
  }
  const factor = sign === '-' ? -1 : 1;
  return { seconds: factor * seconds, nanos: factor * Number(fraction.padEnd(9, '0')) };
}

function readTimestamp(json: unknown, path: Path): Fields {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:\d\d)$/;
  const match = typeof json === 'string' ? form.exec(json) : null;
  const ms = match === null ? Number.NaN : Date.parse(match[0]);
  if (Number.isNaN(ms)) {
    throw new JsonMappingError(path, `expected a time such as "2026-01-31T12:00:00Z", found ${shown(json)}`);
  }
  return { seconds: Math.floor(ms / 1000), nanos: Number((match?.[1] ?? '').padEnd(9, '0')) };
}

function readStruct(json: unknown, path: Path): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new JsonMappingError(path, `expected an object, found ${shown(json)}`);
  }
  const entries = Object.entries(json).map(([key, value]) => [key, readValue(value, [...path, key])]);
  return { fields: Object.fromEntries(entries) };
}

function readList(json: unknown, path: Path): Fields {
  if (!Array.isArray(json)) throw new JsonMappingError(path, `expected a list, found ${shown(json)}`);
  return { values: json.map((item: unknown, index) => readValue(item, [...path, index])) };
}

function readValue(json: unknown, path: Path): Fields {
  if (json === null) return { nullValue: 0 };
  if (typeof json === 'boolean') return { boolValue: json };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'string') return { stringValue: json };
  return Array.isArray(json) ? { listValue: readList(json, path) } : { structValue: readStruct(json, path) };
}
