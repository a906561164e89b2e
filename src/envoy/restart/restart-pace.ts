// How soon a planned restart may follow another. What a file asks for comes to every node of a mesh at the same time
// and may come again and again; an operator knows what he does.

import type { Clock } from '../../runtime/clock.ts';
import { HOUR_MS } from '../../runtime/duration.ts';

/** Restarts that files may ask for within an hour. */
const FILE_RESTARTS_PER_HOUR = 10;

export class RestartPace {
  readonly #clock: Clock;
  readonly #spacingMs: number;
  /** Monotonic milliseconds. */
  #nextAtMs = 0;
  /** Monotonic milliseconds of those that files asked for, oldest first. */
  #fileRestartsMs: readonly number[] = [];

  /** @param spacingMs from the planned end of the old Envoy to the next restart */
  constructor(clock: Clock, spacingMs: number) {
    this.#clock = clock;
    this.#spacingMs = spacingMs;
  }

  /** An Envoy took over; the old one ends after `parentShutdownMs`. */
  committed(parentShutdownMs: number): void {
    this.#nextAtMs = this.#clock.monotonicMs() + parentShutdownMs + this.#spacingMs;
  }

  /** A restart that files alone asked for has started a process. */
  startedForFile(): void {
    this.#fileRestartsMs = [...this.#recent(), this.#clock.monotonicMs()];
  }

  /** Monotonic milliseconds from which on a restart that files alone ask for may begin. */
  get fileRestartAtMs(): number {
    const recent = this.#recent();
    const oldest = recent.at(-FILE_RESTARTS_PER_HOUR);
    return Math.max(this.#nextAtMs, oldest === undefined ? 0 : oldest + HOUR_MS);
  }

  #recent(): readonly number[] {
    const since = this.#clock.monotonicMs() - HOUR_MS;
    return this.#fileRestartsMs.filter((startedMs) => startedMs > since);
  }
}
