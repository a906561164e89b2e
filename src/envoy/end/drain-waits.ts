// The waits of one drain. Each ends early when nothing is served any more, when its time is cut short, or at the latest
// moment that the settings allow; and it can be told afterwards which of these it was.

import type { Clock } from '../../runtime/clock.ts';
import type { Epoch } from '../process/epoch.ts';
import type { Roster } from '../roster.ts';
import type { EndStep } from '../snapshot.ts';
import type { Ending } from './ending.ts';

export interface DrainWaitsDeps {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly ending: Ending;
}

/** `gone`: no Envoy serves. `hurried`: told not to wait. `maximum`: of this drain. `pod grace`: the pod's own end is near. */
export type DrainStop = 'gone' | 'hurried' | 'maximum' | 'pod grace';

export class DrainWaits {
  readonly #deps: DrainWaitsDeps;
  readonly #serving: readonly Epoch[];
  #maximumAtMs = Infinity;

  constructor(deps: DrainWaitsDeps, serving: readonly Epoch[]) {
    this.#deps = deps;
    this.#serving = serving;
  }

  /** @param ms from now to the end of all waits; undefined: no limit */
  limit(ms: number | undefined): void {
    this.#maximumAtMs = this.#deps.clock.monotonicMs() + (ms ?? Infinity);
  }

  /** Why nothing more is waited for; undefined: there is time. */
  get stop(): DrainStop | undefined {
    const { ending, clock } = this.#deps;
    if (this.#serving.every(({ alive }) => !alive)) return 'gone';
    if (ending.hurried) return 'hurried';
    if (ending.over) return 'pod grace';
    return clock.monotonicMs() >= this.#maximumAtMs ? 'maximum' : undefined;
  }

  /** What is waited for from now on, for those who look. */
  enter(step: EndStep, ms = Infinity): void {
    this.#deps.ending.enter(step, Math.min(ms, this.#untilMaximumMs()));
  }

  /** @returns false: it was cut short */
  async wait(step: EndStep, ms: number): Promise<boolean> {
    this.enter(step, ms);
    return this.sleep(ms);
  }

  /** As `wait`, as a part of the present step. */
  async sleep(ms: number): Promise<boolean> {
    const { roster } = this.#deps;
    const stopped = (): boolean => this.stop !== undefined;
    return !(await roster.changed.within(stopped, Math.min(ms, this.#leftMs()))) && !stopped();
  }

  /** @returns undefined: the work was not waited for to the end. @throws what it rejects with */
  outcome<T>(work: Promise<T>): Promise<{ readonly value: T } | undefined> {
    return this.#deps.roster.changed.outcome(work, () => this.stop !== undefined, this.#leftMs());
  }

  #leftMs(): number {
    return Math.min(this.#deps.ending.leftMs(), this.#untilMaximumMs());
  }

  #untilMaximumMs(): number {
    return this.#maximumAtMs - this.#deps.clock.monotonicMs();
  }
}
