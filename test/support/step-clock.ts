// A Clock for many short runs: it lets what follows from a timer happen before the next one, and costs little.

import type { Clock } from '../../src/runtime/clock.ts';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Turns of the event loop in which streams and promises come to rest. */
const TURNS = 4;

export class StepClock implements Clock {
  #nowMs = 0;
  /** In the order in which they wake. */
  #sleepers: readonly Sleeper[] = [];

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeper = { atMs: this.#nowMs + Math.max(0, ms), wake };
      const at = this.#sleepers.findIndex((other) => other.atMs > sleeper.atMs);
      this.#sleepers = this.#sleepers.toSpliced(at < 0 ? this.#sleepers.length : at, 0, sleeper);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await rest();
    for (let next = this.#sleepers[0]; next !== undefined && next.atMs <= untilMs; next = this.#sleepers[0]) {
      this.#nowMs = next.atMs;
      this.#sleepers = this.#sleepers.slice(1);
      next.wake();
      await rest();
    }
    this.#nowMs = untilMs;
  }

  /** How many sleeps are pending: 0 shows that nothing was left behind. */
  get sleepers(): number {
    return this.#sleepers.length;
  }
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate);
}
