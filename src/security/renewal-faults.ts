// What is known about signings that failed since the last one that did not: their cause, how long to wait before the
// next try, and how loudly to say it.

import { CauseLog } from '../runtime/cause-log.ts';
import type { Clock } from '../runtime/clock.ts';
import { MINUTE_MS } from '../runtime/duration.ts';
import type { Log } from '../runtime/log.ts';
import { retryWaitMs, type Lifetime } from './rotation.ts';

export interface RenewalFaultsDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

/** The certificate at hand while there is no new one. */
export type Fallback =
  /** There never was one. */
  | { readonly kind: 'none' }
  | { readonly kind: 'valid'; readonly life: Lifetime }
  | { readonly kind: 'expired' };

/** Serial numbers, times and request ids: they differ at every try, the cause does not. */
const VARYING = /\b[0-9a-f-]{8,}\b|\d+/gi;

export class RenewalFaults {
  readonly #deps: RenewalFaultsDeps;
  readonly #causes: CauseLog;
  #lastError: string | undefined;
  /** Monotonic; undefined while nothing fails. */
  #sinceMs: number | undefined;
  /** Tries of the schedule; what others ask for besides does not make it wait longer. */
  #tries = 0;
  #expiryToldMs = Number.NEGATIVE_INFINITY;

  constructor(deps: RenewalFaultsDeps) {
    this.#deps = deps;
    this.#causes = new CauseLog(deps.log);
  }

  /** Cause of the last failure; undefined once a signing has succeeded after it. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  failed(cause: string): void {
    this.#lastError = cause;
    this.#sinceMs ??= this.#deps.clock.monotonicMs();
  }

  over(): void {
    this.#lastError = undefined;
    this.#sinceMs = undefined;
    this.#tries = 0;
    this.#causes.clear();
  }

  /**
   * Says why there is no new certificate, once per cause and in the reference's words, or once a minute when the old
   * one has expired.
   */
  tell(cause: string, fallback: Fallback): void {
    const key = `${fallback.kind}: ${cause.replace(VARYING, '#')}`;
    if (fallback.kind === 'none') {
      const what = 'failed to warm certificate: failed to generate workload certificate';
      return this.#causes.warn(`${what}: ${cause}`, undefined, key);
    }
    if (fallback.kind === 'valid') {
      return this.#causes.warn(`resource:default failed to sign: ${cause}`, undefined, key);
    }
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#expiryToldMs < MINUTE_MS) return;
    this.#expiryToldMs = nowMs;
    this.#deps.log.error(`the workload certificate has expired and cannot be replaced: ${cause}`);
  }

  /** Counts a failed try of the schedule. @returns milliseconds until the next */
  nextWaitMs(fallback: Fallback): number {
    const { clock, random } = this.#deps;
    this.#tries++;
    const failed = { count: this.#tries, forMs: clock.monotonicMs() - (this.#sinceMs ?? 0) };
    const life = fallback.kind === 'valid' ? fallback.life : undefined;
    return retryWaitMs(failed, life, clock.now(), random);
  }
}
