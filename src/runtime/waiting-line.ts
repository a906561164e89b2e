// Things that all wait equally long, so that the first in is the first due. However many they are, they cost one timer;
// one that is taken out in time costs none.

import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Clock } from './clock.ts';

export interface WaitingLineDeps {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  /** Ends the waiting for good; nothing comes due any more. */
  readonly signal: AbortSignal;
}

export class WaitingLine<T> {
  readonly #waitMs: number;
  readonly #onDue: (item: T) => void;
  readonly #deps: WaitingLineDeps;
  /** When each is due, earliest first. */
  readonly #dueMs = new Map<T, number>();
  #isRunning = false;

  /**
   * @param onDue told of each, at its time or up to a turn of the event loop later; must not throw
   * @param waitMs Infinity: nothing ever comes due
   */
  constructor(onDue: (item: T) => void, waitMs: number, deps: WaitingLineDeps) {
    this.#onDue = onDue;
    this.#waitMs = waitMs;
    this.#deps = deps;
  }

  /** At the end of the line, also if it stood in it already. */
  add(item: T): void {
    if (this.#waitMs === Infinity) return;
    this.#dueMs.delete(item);
    this.#dueMs.set(item, this.#deps.clock.monotonicMs() + this.#waitMs);
    if (!this.#isRunning) void this.#run();
  }

  delete(item: T): void {
    this.#dueMs.delete(item);
  }

  async #run(): Promise<void> {
    const { clock, signal } = this.#deps;
    this.#isRunning = true;
    try {
      for (;;) {
        const firstMs = this.#dueMs.values().next().value;
        if (firstMs === undefined) return;
        await clock.sleep(firstMs - clock.monotonicMs(), signal);
        await nextTurn(); // what the sockets have received by now may take some out
        this.#tellDue(clock.monotonicMs());
      }
    } catch {
      // a sleep fails only when the signal aborts: nobody waits any more
      this.#dueMs.clear();
    } finally {
      this.#isRunning = false;
    }
  }

  #tellDue(nowMs: number): void {
    for (const [item, dueMs] of this.#dueMs) {
      if (dueMs > nowMs) return;
      this.#dueMs.delete(item);
      this.#onDue(item);
    }
  }
}
