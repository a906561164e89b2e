// How often Envoy flushes and evicts statistics, from two pod annotations.
// Upstream: pkg/bootstrap/config.go getStatsOptions, which writes durations that Envoy cannot read.

import { durationText } from '../config/proxy-config/proto-scalars.ts';
import type { Warn } from '../node/raw-metadata.ts';
import { MINUTE_MS, parseDurationMs, SECOND_MS } from '../runtime/duration.ts';
import type { TextMap } from '../runtime/json.ts';

export interface StatsIntervalParameters {
  /** Protobuf JSON durations; null leaves Envoy's default. */
  readonly stats_flush_interval: string | null;
  readonly stats_eviction_interval: string | null;
}

const FLUSH = 'sidecar.istio.io/statsFlushInterval';
const EVICTION = 'sidecar.istio.io/statsEvictionInterval';

/** Envoy's own default, which the eviction interval must then be a multiple of. */
const DEFAULT_FLUSH_MS = 5 * SECOND_MS;

/** Envoy's limits: at least 1 ms; a flush interval below 5 minutes, an eviction interval below 2^63 nanoseconds. */
const MIN_MS = 1;
const FLUSH_LIMIT_MS = 5 * MINUTE_MS;
const EVICTION_LIMIT_MS = 9_223_372_036 * SECOND_MS;

export function statsIntervalParameters(annotations: TextMap, warn: Warn): StatsIntervalParameters {
  const flushMs = intervalMs(annotations, FLUSH, FLUSH_LIMIT_MS, warn);
  const evictionMs = intervalMs(annotations, EVICTION, EVICTION_LIMIT_MS, warn);
  const isMultiple = evictionMs === null || isMultipleOf(evictionMs, flushMs ?? DEFAULT_FLUSH_MS);
  if (!isMultiple) warn(`annotation ${EVICTION} is ignored: it is no multiple of the flush interval`);
  return {
    stats_flush_interval: flushMs === null ? null : durationText(flushMs),
    stats_eviction_interval: evictionMs === null || !isMultiple ? null : durationText(evictionMs),
  };
}

function intervalMs(annotations: TextMap, name: string, limitMs: number, warn: Warn): number | null {
  const text = annotations[name];
  if (text === undefined) return null;
  const ms = durationOrNull(text);
  if (ms !== null && ms >= MIN_MS && ms < limitMs) return ms;
  warn(`annotation ${name} is ignored: "${text}" is no duration that Envoy accepts`);
  return null;
}

function durationOrNull(text: string): number | null {
  try {
    return parseDurationMs(text);
  } catch {
    return null; // the caller warns with the annotation's name
  }
}

/** To the nanosecond, as upstream wants it, and in whole milliseconds, which is what Envoy compares. */
function isMultipleOf(ms: number, unitMs: number): boolean {
  return toNanoseconds(ms) % toNanoseconds(unitMs) === 0n && Math.trunc(ms) % Math.trunc(unitMs) === 0;
}

function toNanoseconds(ms: number): bigint {
  const wholeMs = Math.trunc(ms);
  return BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((ms - wholeMs) * 1e6));
}
