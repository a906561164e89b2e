// Durations as Go writes them (`1h30m`, `300ms`), the syntax of every upstream variable, flag and config field.

import { ConfigError } from './errors.ts';
import { excerpt } from './excerpt.ts';

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: SECOND_MS * 1e6,
  m: MINUTE_MS * 1e6,
  h: HOUR_MS * 1e6,
};

/** Go's int64 nanoseconds end before this. */
const LIMIT_NS = 2n ** 63n;

/**
 * @returns milliseconds, with fractions
 * @throws ConfigError naming the text
 */
export function parseDurationMs(text: string): number {
  const ns = parseDurationNs(text);
  return Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / 1e6; // each part is exact
}

/**
 * @returns nanoseconds, none lost however long the duration is
 * @throws ConfigError naming the text
 * @see Go time.ParseDuration
 */
export function parseDurationNs(text: string): bigint {
  const bad = (): ConfigError =>
    new ConfigError(`invalid duration "${excerpt(text)}": write it like 500ms, 30s or 1h30m`);
  const isNegative = text.startsWith('-');
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0n;
  if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(body)) throw bad();
  let ns = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of body.matchAll(
    /(\d*)\.?(\d*)([a-z\u00b5\u03bc]+)/g,
  )) {
    const unitNs = UNIT_NS[unit] ?? Number.NaN;
    ns += BigInt(whole) * BigInt(unitNs) + fractionNs(fraction, unitNs);
  }
  if (ns > LIMIT_NS || (ns === LIMIT_NS && !isNegative)) throw bad();
  return isNegative ? -ns : ns;
}

/** In floating point, as Go does it; digits beyond those of 64 bits do not count. */
function fractionNs(digits: string, unitNs: number): bigint {
  let [value, scale] = [0n, 1];
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (next > LIMIT_NS) break;
    [value, scale] = [next, scale * 10];
  }
  return BigInt(Math.floor(Number(value) * (unitNs / scale)));
}

/** Go's spelling of a duration: `45s`, `1m0s`, `1h0m0s`, `500ms`, `1.5s`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 1e-3) return `${Math.round(ms * 1e6)}ns`;
  if (ms < 1) return `${trimmed(ms * 1e3)}µs`;
  if (ms < SECOND_MS) return `${trimmed(ms)}ms`;
  const hours = Math.floor(ms / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const seconds = `${trimmed((ms % MINUTE_MS) / SECOND_MS)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(9)));
}
