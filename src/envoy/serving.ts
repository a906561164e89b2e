// The time in which an Envoy is live: planned restarts are carried out, a lost admin port is won back, and the
// end of the active Envoy is turned into what follows from it.

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Exit } from '../runtime/spawn.ts';
import type { ColdStartPlan } from './cold-start.ts';
import { mayRestart, type RestartBudget } from './crash-policy.ts';
import { describeExit, type Epoch } from './epoch.ts';
import type { Handoff, RestartOutcome } from './handoff.ts';
import type { RestartRequests } from './restart-requests.ts';
import type { Roster } from './roster.ts';
import type { EnvoySettings } from './settings.ts';
import type { RestartCounts } from './snapshot.ts';

export interface ServingDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly roster: Roster;
  readonly handoff: Handoff;
  readonly requests: RestartRequests;
  readonly budget: RestartBudget;
}

export type ServingEnd =
  | { readonly kind: 'stop' }
  | { readonly kind: 'start-again'; readonly plan: ColdStartPlan }
  | { readonly kind: 'ended'; readonly exit: Exit };

type Event = 'stop' | 'exited' | 'restart' | 'repair';

export class Serving {
  readonly #deps: ServingDeps;
  readonly #settings: EnvoySettings;
  #counts: RestartCounts = { committed: 0, refused: 0, rolledBack: 0, crashed: 0 };
  #repairDelayMs: number;

  constructor(deps: ServingDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#repairDelayMs = settings.timing.repairInitialMs;
  }

  get counts(): RestartCounts {
    return this.#counts;
  }

  /** Runs as long as there is an active Envoy and the signal has not aborted. */
  async run(first: Epoch, stop: AbortSignal): Promise<ServingEnd> {
    const { roster } = this.#deps;
    roster.setPhase('running', `epoch ${first.epoch} is live`);
    for (let active = first; ; active = roster.active ?? active) {
      const event = await this.#next(active, stop);
      if (event === 'stop') return { kind: 'stop' };
      if (event === 'exited') return this.#afterExit(active, false);
      const outcome = await (event === 'repair' ? this.#repair(active, stop) : this.#restart(active, stop));
      if (outcome.kind === 'rolled-back' && roster.active === undefined && !stop.aborted) {
        return this.#afterExit(active, true);
      }
    }
  }

  async #next(active: Epoch, stop: AbortSignal): Promise<Event> {
    const { roster, requests } = this.#deps;
    // a third Envoy would make the second end the first at once, with all its connections
    const restart = (): boolean =>
      requests.reasons.length > 0 && (requests.force || roster.draining.length === 0);
    const due = (): boolean => stop.aborted || !active.alive || restart();
    if (roster.phase !== 'degraded') await roster.changed.until(due);
    else if (!(await roster.changed.within(due, this.#repairDelayMs))) return 'repair';
    if (stop.aborted) return 'stop';
    return active.alive ? 'restart' : 'exited';
  }

  async #restart(active: Epoch, stop: AbortSignal): Promise<RestartOutcome> {
    const { requests, handoff, budget } = this.#deps;
    const request = requests.take();
    const reason = request?.reason ?? 'restart';
    const ifChanged = request?.ifChanged ?? false;
    const outcome = await handoff.run({ reason, repeats: undefined, ifChanged }, active, stop);
    if (outcome.kind === 'committed') budget.refill();
    this.#note(outcome, reason);
    request?.answer(outcome);
    return outcome;
  }

  /** Replaces an Envoy without admin port by one of the same configuration. */
  async #repair(active: Epoch, stop: AbortSignal): Promise<RestartOutcome> {
    const { repairInitialMs, repairMaxMs } = this.#settings.timing;
    const reason = 'the admin port was lost';
    const outcome = await this.#deps.handoff.run({ reason, repeats: active.launch.bootstrap }, active, stop);
    const worked = outcome.kind === 'committed';
    this.#repairDelayMs = worked ? repairInitialMs : Math.min(this.#repairDelayMs * 2, repairMaxMs);
    this.#note(outcome, reason);
    return outcome;
  }

  #note(outcome: RestartOutcome, reason: string): void {
    const { log } = this.#deps;
    const { committed, refused, rolledBack } = this.#counts;
    switch (outcome.kind) {
      case 'committed':
        this.#counts = { ...this.#counts, committed: committed + 1 };
        return log.info(`hot restart (${reason}): epoch ${outcome.epoch} took over`);
      case 'unchanged':
        return log.debug(`hot restart (${reason}) not needed: nothing has changed`);
      case 'refused':
        this.#counts = { ...this.#counts, refused: refused + 1 };
        return log.error(`hot restart (${reason}) refused: ${outcome.why}`);
      case 'rolled-back':
        this.#counts = { ...this.#counts, rolledBack: rolledBack + 1 };
        return log.error(`hot restart (${reason}) rolled back: ${outcome.why}`);
    }
  }

  /** @param byHandoff a candidate took the active Envoy, or its listeners, along */
  #afterExit(active: Epoch, byHandoff: boolean): ServingEnd {
    const { roster, budget, clock } = this.#deps;
    const exit = active.exit ?? { code: null, signal: null };
    const hadParent = active.epoch > 0 && roster.draining.length > 0;
    roster.orphanDraining();
    this.#counts = { ...this.#counts, crashed: this.#counts.crashed + 1 };
    budget.lived(clock.monotonicMs() - (active.liveAtMs ?? clock.monotonicMs()));
    if (!mayRestart(this.#settings.restartPolicy, exit, !byHandoff)) return { kind: 'ended', exit };
    const reason = byHandoff
      ? 'a failed handoff ended the active Envoy'
      : `Envoy ended: ${describeExit(exit)}`;
    const repeats = byHandoff ? active.launch.bootstrap : undefined;
    // what a handoff brought about is no sign of a bad Envoy; a crash of one that started cold is
    return {
      kind: 'start-again',
      plan: { reason, repeats, atOnce: byHandoff || hadParent || active.doomed },
    };
  }
}
