// Scrapers take turns: a crowd of them must not keep the one thread from answering a probe. Those who only wait for a
// slow target must not keep the others out either: while the thread has time to spare, more are let in, one by one.

import type { Clock } from '../../runtime/clock.ts';

/** Scrapes at the same time when all goes well. */
const PLACES = 8;

/** How often the queue is looked at. */
const LOOK_MS = 50;

/** Looks after which one is let in however busy the thread is. */
const PATIENCE = 20;

/** Share of the time the thread may be busy when one more is let in. */
const MOSTLY_IDLE = 0.5;

export class ScrapeQueue {
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #busyShare: () => number;
  /** Each lets one in. */
  readonly #waiting = new Set<() => void>();
  #inside = 0;
  /** Ends the timer that runs while somebody waits. */
  #looking: AbortController | undefined;

  /** @param busyShare how busy the thread was since the last call, 0 to 1 */
  constructor(clock: Pick<Clock, 'sleep'>, busyShare: () => number = busyShareOfThread()) {
    this.#clock = clock;
    this.#busyShare = busyShare;
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
    this.#looking ??= this.#look();
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

  /** While there are some who wait. */
  #look(): AbortController {
    const ended = new AbortController();
    const run = async (): Promise<void> => {
      this.#busyShare(); // from now on
      for (let looks = 1; !ended.signal.aborted; looks += 1) {
        await this.#clock.sleep(LOOK_MS, ended.signal);
        if (this.#busyShare() < MOSTLY_IDLE || looks % PATIENCE === 0) this.#admitNext();
      }
    };
    run().catch(() => undefined); // nobody waits any more
    return ended;
  }

  #stopUnlessNeeded(): void {
    if (this.#waiting.size > 0) return;
    this.#looking?.abort();
    this.#looking = undefined;
  }
}

function busyShareOfThread(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
