// Scrapers take turns: a crowd of them must not keep the one thread from answering a probe. Those who wait for a slow
// target, or read slowly, must not keep the others out for ever: as long as somebody waits, one more is let in now and
// then.

import type { Clock } from '../../runtime/clock.ts';

/** Scrapes at the same time when none is slow: with more of them a probe waits longer, and no page comes sooner. */
const PLACES = 4;

/** How often one is let in beyond the places. */
const ONE_MORE_EVERY_MS = 1000;

export class ScrapeQueue {
  readonly #clock: Pick<Clock, 'sleep'>;
  /** In the order they came; each lets one in. */
  readonly #waiting = new Set<() => void>();
  #inside = 0;
  /** Ends the timer that runs while somebody waits. */
  #timer: AbortController | undefined;

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock;
  }

  /**
   * Resolves when it is the caller's turn, in the order of the calls; what it gets is disposed of at the end.
   *
   * @throws the signal's reason when it aborts first
   */
  async enter(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#inside < PLACES) this.#inside += 1;
    else await this.#turn(signal);
    return {
      [Symbol.dispose]: () => {
        this.#inside -= 1;
        if (this.#inside < PLACES) this.#admitNext();
      },
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      this.#waiting.delete(admit);
      this.#stopUnlessNeeded();
      reject(signal.reason);
    };
    const admit = (): void => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    this.#waiting.add(admit);
    this.#timer ??= this.#startTimer();
    return promise;
  }

  #admitNext(): void {
    const [admit] = this.#waiting;
    if (admit === undefined) return;
    this.#waiting.delete(admit);
    this.#inside += 1;
    admit();
    this.#stopUnlessNeeded();
  }

  #startTimer(): AbortController {
    const ended = new AbortController();
    const run = async (): Promise<void> => {
      for (;;) {
        await this.#clock.sleep(ONE_MORE_EVERY_MS, ended.signal);
        this.#admitNext();
      }
    };
    run().catch(() => undefined); // nobody waits any more
    return ended;
  }

  #stopUnlessNeeded(): void {
    if (this.#waiting.size > 0) return;
    this.#timer?.abort();
    this.#timer = undefined;
  }
}
