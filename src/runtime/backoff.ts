// Exponential backoff as numbers; the waiting is the caller's, on its own Clock.

export interface BackoffSettings {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Default 2. */
  readonly multiplier?: number;
  /** Share of the delay by which it is moved up or down at random, 0 to 1. Default 0. */
  readonly jitter?: number;
}

/**
 * Delay before retry `attempt`.
 *
 * @param attempt 0 for the first retry
 * @param random uniform in [0, 1)
 * @returns milliseconds
 */
export function backoffMs(settings: BackoffSettings, attempt: number, random: () => number): number {
  const { initialMs, maxMs, multiplier = 2, jitter = 0 } = settings;
  const delay = Math.min(maxMs, initialMs * multiplier ** attempt);
  return jitter === 0 ? delay : delay * (1 + jitter * (2 * random() - 1));
}
