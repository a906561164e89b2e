// When a certificate is replaced, and how long to wait after a failed try. Pure; the waiting is
// certificate-keeper.ts.

import { backoffMs } from '../runtime/backoff.ts';
import { MINUTE_MS, SECOND_MS } from '../runtime/duration.ts';

export interface Lifetime {
  /** When the certificate was received, milliseconds since the Unix epoch; not its notBefore. */
  readonly createdMs: number;
  readonly expiresMs: number;
}

export interface RotationSettings {
  /** Share of the life left when the certificate is replaced; `SECRET_GRACE_PERIOD_RATIO`. */
  readonly graceRatio: number;
  /** By how much the share is moved up or down at random; `SECRET_GRACE_PERIOD_RATIO_JITTER`. */
  readonly graceRatioJitter: number;
  /** `SECRET_ROTATION_INTERVAL`: a certificate is replaced at the latest after this. Default 0: no such bound. */
  readonly intervalMs?: number;
}

/**
 * When to replace a certificate.
 *
 * @param random uniform in [0, 1); called twice
 * @returns milliseconds since the Unix epoch, never before `createdMs`; the share is clamped to 0..1 after jitter
 * @see istio 1.31 security/pkg/nodeagent/cache/secretcache.go rotateTime
 */
export function rotateAtMs(life: Lifetime, settings: RotationSettings, random: () => number): number {
  const sign = random() < 0.5 ? -1 : 1;
  const share = settings.graceRatio + sign * random() * settings.graceRatioJitter;
  const left = Math.min(1, Math.max(0, share)) * (life.expiresMs - life.createdMs);
  return Math.max(life.createdMs, life.expiresMs - left);
}

/** No two scheduled signings are closer than this, unless half of the life is: a ratio of 1 means "at once". */
const CLOSEST_MS = SECOND_MS;
/** Share by which `intervalMs` is shortened at random, at most: a fleet that started together spreads. */
const INTERVAL_SPREAD = 0.1;

/**
 * When the keeper replaces a certificate: as `rotateAtMs` says, but not before it is a second old (or has lived half
 * of a shorter life), and not later than `intervalMs` after its receipt.
 *
 * @param random uniform in [0, 1)
 * @returns milliseconds since the Unix epoch
 */
export function renewAtMs(life: Lifetime, settings: RotationSettings, random: () => number): number {
  const { createdMs, expiresMs } = life;
  const { intervalMs = 0 } = settings;
  const latestMs = intervalMs > 0 ? intervalMs * (1 - INTERVAL_SPREAD * random()) : Number.POSITIVE_INFINITY;
  const soonestMs = Math.min(CLOSEST_MS, (expiresMs - createdMs) / 2);
  const wantedMs = Math.min(rotateAtMs(life, settings, random), createdMs + latestMs);
  return Math.max(createdMs + soonestMs, wantedMs);
}

const COLD = { initialMs: 500, maxMs: MINUTE_MS, multiplier: 1.5, jitter: 0.5 };
/** After this long without a valid certificate, tries come at the longest wait. */
const COLD_LIMIT_MS = 15 * MINUTE_MS;
const WARM = { initialMs: 5 * SECOND_MS, maxMs: 5 * MINUTE_MS, jitter: 0.2 };
const LATE_MS = 30 * SECOND_MS;
const SHORTEST_MS = 500;

/** Tries that have failed, one after the other. */
export interface FailedTries {
  /** 1 after the first. */
  readonly count: number;
  /** Since the first of them. */
  readonly forMs: number;
}

/**
 * The wait after a failed try. Without a valid certificate tries are frequent. With one there is time: slower, but
 * at most 30 s in the last tenth of its life, and never longer than half of what is left, so that a short-lived
 * certificate is not lost to one long wait.
 *
 * @param life of the certificate in use, if it is still valid
 * @returns milliseconds, at least 500 once a certificate was there, at most 6 minutes
 */
export function retryWaitMs(
  failed: FailedTries,
  life: Lifetime | undefined,
  nowMs: number,
  random: () => number,
): number {
  if (life === undefined) {
    if (failed.forMs >= COLD_LIMIT_MS) return COLD.maxMs;
    return Math.min(COLD.maxMs, backoffMs(COLD, failed.count - 1, random));
  }
  const leftMs = life.expiresMs - nowMs;
  const isLate = leftMs < (life.expiresMs - life.createdMs) / 10;
  const longest = Math.min(leftMs / 2, isLate ? LATE_MS : Number.POSITIVE_INFINITY);
  return Math.max(SHORTEST_MS, Math.min(backoffMs(WARM, failed.count - 1, random), longest));
}
