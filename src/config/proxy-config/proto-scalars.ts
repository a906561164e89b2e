// The scalar fields of protobuf's JSON form: what each accepts, what it becomes, and which of its values say
// nothing. Messages, lists and maps are proto-json.ts.
// Upstream: golang/protobuf jsonpb.

import { parseDurationMs, parseDurationNs } from '../../runtime/duration.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Json } from '../../runtime/json.ts';
import { fieldError, wrongType, type Field } from './proto-field.ts';
import { plainScalar } from '../yaml/yaml-scalars.ts';

export const text: Field = {
  empty: '',
  read: (value, path, context) => {
    if (typeof value !== 'string') throw wrongType(value, path, 'text', context);
    return value;
  },
  isZero: (value) => value === '',
};

export const bool: Field = {
  empty: false,
  read: (value, path, context) => {
    if (typeof value !== 'boolean') throw wrongType(value, path, 'true or false', context);
    return value;
  },
  isZero: (value) => value === false,
};

export const int32 = integer(-(2 ** 31), 2 ** 31 - 1);
export const uint32 = integer(0, 2 ** 32 - 1);

function integer(min: number, max: number): Field {
  const fits = (value: number): boolean => Number.isInteger(value) && value >= min && value <= max;
  return {
    empty: 0,
    read: (value, path, context) => {
      const number = isIntegerText(value) ? Number(value) : value;
      if (typeof number === 'number' && fits(number)) return number + 0; // no negative zero
      throw wrongType(value, path, `an integer from ${min} to ${max}`, context);
    },
    isZero: (value) => value === 0,
  };
}

/** A number in quotes has JSON's form, blanks around it allowed. */
function isIntegerText(value: Json): value is string {
  return typeof value === 'string' && /^\s*-?(?:0|[1-9]\d*)\s*$/.test(value);
}

const INT64_LIMIT = 2n ** 63n;

/** Text in canonical form, as protobuf writes it. */
export const int64: Field = {
  empty: '0',
  read: (value, path, context) => {
    // a large number came rounded, its text is still exact
    const source = typeof value === 'number' ? plainScalar(context.placeOf(path)?.source ?? '') : value;
    const exact = typeof source === 'bigint' || isIntegerText(source) ? BigInt(source) : value;
    if (typeof exact === 'number' && Number.isSafeInteger(exact)) return String(exact + 0);
    if (typeof exact === 'bigint' && exact >= -INT64_LIMIT && exact < INT64_LIMIT) return String(exact);
    throw wrongType(value, path, 'a 64-bit integer', context);
  },
  isZero: (value) => value === '0',
};

const NON_FINITE = new Set(['NaN', 'Infinity', '-Infinity']);

export const double: Field = {
  empty: 0,
  read: (value, path, context) => {
    if (typeof value === 'string' && NON_FINITE.has(value)) return value;
    const isNumberText =
      typeof value === 'string' && /^\s*-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?\s*$/i.test(value);
    const number = isNumberText ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    throw wrongType(value, path, 'a number', context);
  },
  isZero: (value) => value === 0,
};

/** Reads Go's `1m30s`, gives protobuf's `90s`. */
export const duration: Field = {
  empty: '0s',
  read: (value, path, context) => {
    if (typeof value !== 'string') throw wrongType(value, path, 'a duration like "30s"', context);
    try {
      return nanosecondsText(parseDurationNs(value));
    } catch (error) {
      throw fieldError(`bad Duration: ${messageOf(error)}`, path, context, error);
    }
  },
  isZero: () => false, // a message: set is set
};

/** Seconds with 0, 3, 6 or 9 decimals. */
export function durationText(ms: number): string {
  return nanosecondsText(BigInt(Math.round(ms * 1e6)));
}

function nanosecondsText(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  const fraction = String(size % 1_000_000_000n).padStart(9, '0');
  const decimals = fraction.replace(/(?:000)+$/, '');
  return `${ns < 0n ? '-' : ''}${size / 1_000_000_000n}${decimals === '' ? '' : '.'}${decimals}s`;
}

/** Milliseconds of a duration in canonical form. */
export function durationMs(canonical: string): number {
  return parseDurationMs(canonical);
}
