// A moment that comes, whatever happens to the clock: by wall time, or when as much time has really passed as lay
// before it. A wall clock that is set back does not put it off; one that is set forward, or a machine that was
// suspended, finds it over at the next look.

import type { Clock } from '../runtime/clock.ts';

export class DueTime {
  readonly #clock: Clock;
  readonly #wallMs: number;
  readonly #monotonicMs: number;

  /** @param atMs milliseconds since the Unix epoch */
  constructor(atMs: number, clock: Clock) {
    this.#clock = clock;
    this.#wallMs = atMs;
    this.#monotonicMs = clock.monotonicMs() + atMs - clock.now();
  }

  /** Milliseconds until then; 0 or less when it has come. */
  get leftMs(): number {
    return Math.min(this.#wallLeftMs, this.#monotonicLeftMs);
  }

  /** By how much the wall clock was set back since this was made, milliseconds; 0 when it was not. */
  get setBackMs(): number {
    return Math.max(0, this.#wallLeftMs - this.#monotonicLeftMs);
  }

  get #wallLeftMs(): number {
    return this.#wallMs - this.#clock.now();
  }

  get #monotonicLeftMs(): number {
    return this.#monotonicMs - this.#clock.monotonicMs();
  }
}
