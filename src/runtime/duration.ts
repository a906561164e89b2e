// Durations as Go writes them (`1h30m`, `300ms`), the syntax of every upstream variable, flag and config field.

import { ConfigError } from './errors.ts';

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
};

/** Go's int64 nanoseconds end here. */
const MAX_MS = 9_223_372_036_854.775;

/**
 * @returns milliseconds, with fractions
 * @throws ConfigError naming the text
 * @see Go time.ParseDuration
 */
export function parseDurationMs(text: string): number {
  const bad = (): ConfigError =>
    new ConfigError(`invalid duration "${text}": write it like 500ms, 30s or 1h30m`);
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) throw bad();
  let ms = 0;
  for (const [, number, unit] of body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    ms += Number(number) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  }
  if (ms > MAX_MS) throw bad();
  return sign * ms;
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
