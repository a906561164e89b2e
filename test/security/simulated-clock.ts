// A clock that jumps from one wake-up to the next: cheap for long times, and for hundreds of sleepers that wake together.

import type { Clock } from '../../src/runtime/clock.ts';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

export class SimulatedClock implements Clock {
  #nowMs = 0;
  #sleepers: Sleeper[] = [];

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal.reason); // its entry stays, and wakes nobody
    signal.addEventListener('abort', onAbort);
    const wake = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    this.#sleepers.push({ atMs: this.#nowMs + ms, wake });
    return promise;
  }

  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      await new Promise(setImmediate); // all that follows from the last moment
      const nextMs = Math.min(...this.#sleepers.map(({ atMs }) => atMs));
      if (nextMs > endMs) return;
      this.#nowMs = nextMs;
      const due = this.#sleepers.filter(({ atMs }) => atMs <= nextMs);
      this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > nextMs);
      for (const { wake } of due) wake();
    }
  }
}
