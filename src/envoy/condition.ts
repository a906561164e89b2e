// Waiting for something to become true about shared state. Whoever changes the state calls `notify`; nobody
// has to know who waits.

import type { Clock } from '../runtime/clock.ts';

export class Condition {
  readonly #clock: Clock;
  #changed = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lets every waiter look again. */
  notify(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#changed.promise;
  }

  /**
   * Waits at most `ms`.
   *
   * @returns whether it holds
   */
  async within(holds: () => boolean, ms: number): Promise<boolean> {
    if (ms <= 0 || holds()) return holds();
    const timer = new AbortController();
    let expired = false;
    const sleep = this.#clock.sleep(ms, timer.signal).then(
      () => {
        expired = true;
        this.notify();
      },
      () => undefined, // aborted below: the condition came first
    );
    await this.until(() => expired || holds());
    timer.abort();
    await sleep;
    return holds();
  }
}
