// Scrapers take turns: a crowd of them must not keep the one thread from answering a probe. Those who only wait for a
// slow target must not keep the others out either, so while there is a queue one more is let in every now and then.

import type { Clock } from '../../runtime/clock.ts';

/** Scrapes at the same time when all goes well. */
const PLACES = 8;

/** How long those inside may keep the next one waiting. */
const PATIENCE_MS = 50;

export class ScrapeQueue {
  readonly #clock: Pick<Clock, 'sleep'>;
  /** Each lets one in. */
  readonly #waiting = new Set<() => void>();
  #inside = 0;
  /** Ends the timer that runs while somebody waits. */
  #impatient: AbortController | undefined;

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
      this.#stopTimerUnlessNeeded();
      reject(signal.reason);
    };
    const admit = (): void => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    this.#waiting.add(admit);
    this.#impatient ??= this.#startTimer();
    return promise;
  }

  #admitNext(): void {
    const [admit] = this.#waiting;
    if (admit === undefined) return;
    this.#waiting.delete(admit);
    this.#inside += 1;
    admit();
    this.#stopTimerUnlessNeeded();
  }

  #startTimer(): AbortController {
    const timer = new AbortController();
    const run = async (): Promise<void> => {
      while (!timer.signal.aborted) {
        await this.#clock.sleep(PATIENCE_MS, timer.signal);
        this.#admitNext();
      }
    };
    run().catch(() => undefined); // the queue is empty
    return timer;
  }

  #stopTimerUnlessNeeded(): void {
    if (this.#waiting.size > 0) return;
    this.#impatient?.abort();
    this.#impatient = undefined;
  }
}
