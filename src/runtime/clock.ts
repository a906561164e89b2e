// Time as a value: every wait of the agent goes through a Clock, so tests can move it.

import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never jumps; only differences mean something. */
  monotonicMs(): number;
  /** Resolves when `monotonicMs` is at least `ms` later; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Longest wait one Node timer can hold; longer sleeps are made of several. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    async sleep(ms, signal) {
      signal.throwIfAborted();
      const endMs = performance.now() + ms;
      try {
        let leftMs = Math.max(0, ms);
        do {
          await delay(Math.min(Math.ceil(leftMs), MAX_TIMER_MS), undefined, { signal });
          leftMs = endMs - performance.now(); // a timer of Node may come a millisecond early
        } while (leftMs > 0);
      } catch (error) {
        signal.throwIfAborted(); // the caller sees why, not Node's AbortError
        throw error;
      }
    },
  };
}
