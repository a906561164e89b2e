// A Clock that moves only when the test says so. Nothing global is replaced: mocha's and the sockets' timers
// stay real.

import { createClock, type Clock as Timers } from '@sinonjs/fake-timers';

import type { Clock } from '../../src/runtime/clock.ts';

export class FakeClock implements Clock {
  readonly #timers: Timers;
  readonly #startMs: number;
  #jumpedMs = 0;

  /** @param startMs wall time at the beginning, milliseconds since the Unix epoch */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
    this.#timers = createClock(startMs);
  }

  now(): number {
    return this.#timers.Date.now() + this.#jumpedMs;
  }

  monotonicMs(): number {
    return this.#timers.Date.now() - this.#startMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.#timers.clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = this.#timers.setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Moves time on, lets what becomes due run, in order, and what follows from it. */
  async tick(ms: number): Promise<void> {
    await this.#timers.tickAsync(ms);
  }

  /** Sets the wall clock forwards or back; no time passes. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** How many sleeps are pending: 0 shows that nothing was left behind. */
  get sleepers(): number {
    return this.#timers.countTimers();
  }
}
