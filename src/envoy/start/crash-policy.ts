// What follows when Envoy ends unasked: nothing, or another start after a delay, and not for ever.

import { backoffMs } from '../../runtime/backoff.ts';
import { AgentError } from '../../runtime/errors.ts';
import type { Exit } from '../../runtime/spawn.ts';
import type { RestartPolicy, SupervisorTiming } from '../settings.ts';

/** Envoy refused the bootstrap before any Envoy of this agent was live: a configuration mistake, never retried. */
export class BootstrapRefused extends AgentError {}

/** Envoy ended more often than the budget allows. */
export class RestartsExhausted extends AgentError {}

/**
 * Whether an Envoy that ended unasked is started again.
 *
 * @param wasLive an end with code 0 is a failure when it comes before LIVE
 */
export function mayRestart(policy: RestartPolicy, exit: Exit, wasLive: boolean): boolean {
  if (policy === 'never') return false;
  return policy === 'always' || exit.code !== 0 || !wasLive;
}

const JITTER = 0.1;

/** Delays before the next starts; each can be spent once until the budget is refilled. */
export class RestartBudget {
  readonly #timing: SupervisorTiming;
  readonly #random: () => number;
  #spent = 0;

  constructor(timing: SupervisorTiming, random: () => number) {
    this.#timing = timing;
    this.#random = random;
  }

  /** Starts that are left. */
  get left(): number {
    return this.#timing.backoffTries - this.#spent;
  }

  /** Milliseconds to wait before the next start; undefined: nothing is left. */
  spend(): number | undefined {
    const { backoffTries, backoffInitialMs: initialMs, backoffMaxMs: maxMs } = this.#timing;
    if (this.#spent >= backoffTries) return undefined;
    this.#spent += 1;
    return backoffMs({ initialMs, maxMs, jitter: JITTER }, this.#spent - 1, this.#random);
  }

  /** A new configuration, or a long quiet time: as if nothing had happened. */
  refill(): void {
    this.#spent = 0;
  }

  /** Refills after an Envoy that was live long enough to count as healthy. */
  lived(liveMs: number): void {
    if (liveMs >= this.#timing.budgetResetMs) this.refill();
  }
}
