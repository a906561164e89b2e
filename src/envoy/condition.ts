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
    if (ms === Infinity) {
      await this.until(holds);
      return true;
    }
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

  /**
   * Waits for the work, at most `ms`, and no longer than it matters. A failure that comes later is nobody's any more.
   *
   * @returns undefined: it was not waited for to the end
   * @throws what the work rejects with
   */
  async outcome<T>(
    work: Promise<T>,
    moot: () => boolean,
    ms = Infinity,
  ): Promise<{ readonly value: T } | undefined> {
    const settled: PromiseSettledResult<T>[] = [];
    void Promise.allSettled([work]).then(([result]) => {
      settled.push(result);
      this.notify();
    });
    await this.within(() => settled.length > 0 || moot(), ms);
    const [result] = settled;
    if (result?.status === 'rejected') throw result.reason;
    return result;
  }
}
