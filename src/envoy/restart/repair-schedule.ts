// When an Envoy that has lost its admin port is replaced: soon, and less and less often while that fails.

import type { Clock } from '../../runtime/clock.ts';
import type { Epoch } from '../process/epoch.ts';
import type { SupervisorTiming } from '../settings.ts';

export class RepairSchedule {
  readonly #clock: Clock;
  readonly #timing: SupervisorTiming;
  #of: Epoch | undefined;
  #delayMs = 0;
  #dueMs = 0;

  constructor(clock: Clock, timing: SupervisorTiming) {
    this.#clock = clock;
    this.#timing = timing;
  }

  /** Monotonic milliseconds of the next attempt; another Envoy begins anew. */
  dueMs(epoch: Epoch): number {
    if (this.#of !== epoch) {
      this.#of = epoch;
      this.#delayMs = this.#timing.repairInitialMs;
      this.#dueMs = this.#clock.monotonicMs() + this.#delayMs;
    }
    return this.#dueMs;
  }

  failed(): void {
    this.#delayMs = Math.min(this.#delayMs * 2, this.#timing.repairMaxMs);
    this.#dueMs = this.#clock.monotonicMs() + this.#delayMs;
  }
}
