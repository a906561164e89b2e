// A time limit for many short pieces of work, all of the same length: one timer for all of them, since starting and
// stopping one for each costs as much as a tenth of a probe.

import type { Clock } from '../../runtime/clock.ts';

interface Running {
  readonly endMs: number;
  readonly late: () => void;
}

export class TimeLimits {
  readonly #clock: Pick<Clock, 'sleep' | 'monotonicMs'>;
  readonly #ms: number;
  readonly #closing: AbortSignal;
  /** Those that end first come first. */
  readonly #running = new Set<Running>();
  #isWatching = false;

  /** @param ms Infinity: there is no limit @param closing ends the timer; nobody is told of a limit any more */
  constructor(clock: Pick<Clock, 'sleep' | 'monotonicMs'>, ms: number, closing: AbortSignal) {
    this.#clock = clock;
    this.#ms = ms;
    this.#closing = closing;
  }

  /** @returns ends the limit: `late` is not called any more */
  start(late: () => void): () => void {
    if (this.#ms === Infinity) return () => undefined;
    const running = { endMs: this.#clock.monotonicMs() + this.#ms, late };
    this.#running.add(running);
    if (!this.#isWatching) void this.#watch();
    return () => void this.#running.delete(running);
  }

  /** The loop meets those that come while it runs, and passes over those that have ended. */
  async #watch(): Promise<void> {
    this.#isWatching = true;
    try {
      for (const running of this.#running) {
        const leftMs = running.endMs - this.#clock.monotonicMs();
        if (leftMs > 0) await this.#clock.sleep(leftMs, this.#closing);
        if (this.#running.delete(running)) running.late();
      }
    } catch (error) {
      if (!this.#closing.aborted) throw error;
    } finally {
      this.#isWatching = false;
    }
  }
}
