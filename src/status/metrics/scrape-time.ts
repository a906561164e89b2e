// How long a target takes, and how long it may. The time in which it waits for its turn on the page is not its own.

import type { Clock } from '../../runtime/clock.ts';
import { AgentError } from '../../runtime/errors.ts';

export class ScrapeTime {
  readonly #limitMs: number;
  readonly #clock: Pick<Clock, 'sleep' | 'monotonicMs'>;
  readonly #over = new AbortController();
  #spentMs = 0;
  #running: { readonly sinceMs: number; readonly timer: AbortController } | undefined;

  /** @param limitMs undefined: none */
  constructor(limitMs: number | undefined, clock: Pick<Clock, 'sleep' | 'monotonicMs'>) {
    this.#limitMs = limitMs ?? Infinity;
    this.#clock = clock;
  }

  /** Aborts when the time is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Milliseconds without the pauses. */
  get spentMs(): number {
    const now = this.#running === undefined ? 0 : this.#clock.monotonicMs() - this.#running.sinceMs;
    return this.#spentMs + now;
  }

  start(): void {
    if (this.#running !== undefined) return;
    const timer = new AbortController();
    this.#running = { sinceMs: this.#clock.monotonicMs(), timer };
    const leftMs = this.#limitMs - this.#spentMs;
    if (leftMs <= 0) return this.#end();
    if (leftMs === Infinity) return;
    this.#clock.sleep(leftMs, timer.signal).then(
      () => this.#end(),
      () => undefined, // paused in time
    );
  }

  /** Also leaves no timer behind. */
  pause(): void {
    const { timer } = this.#running ?? {};
    this.#spentMs = this.spentMs;
    this.#running = undefined;
    timer?.abort();
  }

  #end(): void {
    this.#over.abort(new AgentError(`no complete answer within ${this.#limitMs} ms`, { retryable: true }));
  }
}
