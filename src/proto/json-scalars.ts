// Scalar values of protobuf's JSON form, checked strictly: nothing is converted that a strict reader would refuse.
// Source of the rules: protobuf.dev, "ProtoJSON Format".

import type protobuf from 'protobufjs/light.js';

import { JsonMappingError, shown, type Path } from './json-mapping-error.ts';

type Reader = (json: unknown, path: Path) => unknown;

const INT32_RANGE = [-(2n ** 31n), 2n ** 31n - 1n] as const;
const UINT32_RANGE = [0n, 2n ** 32n - 1n] as const;
const INT64_RANGE = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const UINT64_RANGE = [0n, 2n ** 64n - 1n] as const;

const READERS: Readonly<Record<string, Reader>> = {
  bool: readBool,
  string: readString,
  bytes: readBytes,
  double: readNumber,
  float: readNumber,
  int32: small(INT32_RANGE),
  sint32: small(INT32_RANGE),
  sfixed32: small(INT32_RANGE),
  uint32: small(UINT32_RANGE),
  fixed32: small(UINT32_RANGE),
  int64: long(INT64_RANGE),
  sint64: long(INT64_RANGE),
  sfixed64: long(INT64_RANGE),
  uint64: long(UINT64_RANGE),
  fixed64: long(UINT64_RANGE),
};

/**
 * The value of a scalar field as protobufjs wants it.
 *
 * @param type for example `uint32`
 * @throws JsonMappingError when the value is of another type or out of range
 */
export function scalarFromJson(type: string, json: unknown, path: Path): unknown {
  const read = READERS[type];
  if (read === undefined) throw new TypeError(`no such scalar type: ${type}`);
  return read(json, path);
}

/** A member's number, from its name or number. */
export function enumFromJson(type: protobuf.Enum, json: unknown, path: Path): number {
  if (typeof json === 'string' && Object.hasOwn(type.values, json)) return type.values[json] ?? 0;
  if (typeof json === 'number' && Object.hasOwn(type.valuesById, json)) return json;
  throw new JsonMappingError(
    path,
    `${shown(json)} is none of ${Object.keys(type.values).slice(0, 12).join(', ')}`,
  );
}

/** A key of a map field; JSON keys are always strings. */
export function mapKeyFromJson(type: string, key: string, path: Path): string {
  if (type === 'string') return key;
  if (type === 'bool') {
    if (key === 'true' || key === 'false') return key;
    throw new JsonMappingError(path, `the key ${shown(key)} is not true or false`);
  }
  return String(scalarFromJson(type, key, path));
}

function readBool(json: unknown, path: Path): boolean {
  if (typeof json === 'boolean') return json;
  throw new JsonMappingError(path, `expected true or false, found ${shown(json)}`);
}

function readString(json: unknown, path: Path): string {
  if (typeof json === 'string') return json;
  throw new JsonMappingError(path, `expected a string, found ${shown(json)}`);
}

function readBytes(json: unknown, path: Path): Uint8Array {
  if (typeof json !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(json)) {
    throw new JsonMappingError(path, `expected Base64, found ${shown(json)}`);
  }
  return Buffer.from(json, 'base64'); // takes the URL alphabet too
}

function readNumber(json: unknown, path: Path): number {
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return Number(json);
  const value = typeof json === 'string' && json.trim() === json && json !== '' ? Number(json) : json;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new JsonMappingError(path, `expected a number, found ${shown(json)}`);
}

function small(range: readonly [bigint, bigint]): Reader {
  return (json, path) => Number(integer(json, range, path));
}

/** 64 bits as the two halves protobufjs writes: a JavaScript number would lose the low bits. */
function long(range: readonly [bigint, bigint]): Reader {
  return (json, path) => {
    const bits = BigInt.asUintN(64, integer(json, range, path));
    return { low: Number(bits & 0xffff_ffffn), high: Number(bits >> 32n) };
  };
}

function integer(json: unknown, [min, max]: readonly [bigint, bigint], path: Path): bigint {
  const whole = typeof json === 'number' ? Number.isSafeInteger(json) : /^-?\d+$/.test(String(json));
  if (!whole || (typeof json !== 'number' && typeof json !== 'string')) {
    throw new JsonMappingError(path, `expected a whole number, found ${shown(json)}`);
  }
  const value = BigInt(json);
  if (value < min || value > max) {
    throw new JsonMappingError(path, `${value} is not between ${min} and ${max}`);
  }
  return value;
}
