// When a certificate is replaced, and how long to wait after a failed try. Pure; the waiting is secret-manager.ts.

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

const COLD = { initialMs: 500, maxMs: MINUTE_MS, multiplier: 1.5, jitter: 0.5 };
const WARM = { initialMs: 5 * SECOND_MS, maxMs: 5 * MINUTE_MS, jitter: 0.2 };
const LATE_MS = 30 * SECOND_MS;
const SHORTEST_MS = 500;

/**
 * The wait after failed try number `failures` (1 is the first). Without a valid certificate tries are frequent.
 * With one there is time: slower, but at most 30 s in the last tenth of its life, and never longer than half of
 * what is left, so that a short-lived certificate is not lost to one long wait.
 *
 * @param life of the certificate in use, if it is still valid
 */
export function retryWaitMs(
  failures: number,
  life: Lifetime | undefined,
  nowMs: number,
  random: () => number,
): number {
  if (life === undefined) return Math.min(COLD.maxMs, backoffMs(COLD, failures - 1, random));
  const leftMs = life.expiresMs - nowMs;
  const isLate = leftMs < (life.expiresMs - life.createdMs) / 10;
  const longest = Math.min(leftMs / 2, isLate ? LATE_MS : Number.POSITIVE_INFINITY);
  return Math.max(SHORTEST_MS, Math.min(backoffMs(WARM, failures - 1, random), longest));
}
