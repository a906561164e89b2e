// The time in which an Envoy is live: planned restarts are carried out, a lost admin port is won back, and the
// end of the active Envoy is turned into what follows from it.

import { CauseLog } from '../runtime/cause-log.ts';
import type { Log } from '../runtime/log.ts';
import type { Exit } from '../runtime/spawn.ts';
import { Agenda, type AgendaDeps, type Task } from './restart/agenda.ts';
import type { ColdStartPlan } from './start/cold-start.ts';
import { mayRestart, type RestartBudget } from './start/crash-policy.ts';
import { describeExit, type Epoch } from './process/epoch.ts';
import type { Handoff, HandoffEnd, HandoffPlan } from './restart/handoff.ts';
import { isSameRecipe, type Recipes } from './process/recipe.ts';
import type { RestartOutcomes } from './restart/restart-outcome.ts';
import type { RestartRequest } from './restart/restart-requests.ts';
import type { EnvoySettings } from './settings.ts';

export interface ServingDeps extends AgendaDeps {
  readonly log: Log;
  readonly handoff: Handoff;
  readonly outcomes: RestartOutcomes;
  readonly recipes: Recipes;
  readonly budget: RestartBudget;
  /** Aborts when no Envoy is to be replaced any more: a new one would not drain. */
  readonly drained: AbortSignal;
}

export type ServingEnd =
  | { readonly kind: 'stop' }
  | { readonly kind: 'start-again'; readonly plan: ColdStartPlan }
  | { readonly kind: 'ended'; readonly exit: Exit };

export class Serving {
  readonly #deps: ServingDeps;
  readonly #settings: EnvoySettings;
  readonly #agenda: Agenda;
  readonly #postponed: CauseLog;

  constructor(deps: ServingDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#agenda = new Agenda(deps, settings.timing);
    this.#postponed = new CauseLog(deps.log);
  }

  /** Runs as long as there is an active Envoy and the signal has not aborted. */
  async run(first: Epoch, stop: AbortSignal): Promise<ServingEnd> {
    const { roster, drained } = this.#deps;
    roster.setPhase('running', `epoch ${first.epoch} is live`);
    const settled = AbortSignal.any([stop, drained]);
    for (let active = first; ; active = roster.active ?? active) {
      const event = await this.#agenda.next(active, stop, drained);
      if (event === 'stop') return { kind: 'stop' };
      if (event === 'exited') return this.#afterExit(active, false);
      const end = await this.#replace(event, active, settled);
      const byHandoff = end.kind === 'rolled-back' && roster.active === undefined;
      if (byHandoff && !stop.aborted) return this.#afterExit(active, true);
    }
  }

  #replace(task: Task, active: Epoch, stop: AbortSignal): Promise<HandoffEnd> {
    switch (task) {
      case 'restart':
        return this.#restart(active, stop);
      case 'repair':
        return this.#repair(active, stop);
      case 'restore':
        return this.#restore(active, stop);
    }
  }

  async #restart(active: Epoch, stop: AbortSignal): Promise<HandoffEnd> {
    const { requests, budget, clock, roster } = this.#deps;
    const request = requests.take();
    if (request === undefined) return { kind: 'unchanged' };
    const { ifChanged, force } = request;
    const plan = {
      reason: request.reasons.join(', '),
      repeats: undefined,
      ifChanged,
      force,
      trafficLost: false,
    };
    const beganMs = clock.monotonicMs();
    const end = await this.#deps.handoff.run(plan, active, stop);
    if (end.kind === 'postponed' && ifChanged) {
      this.#postpone(request, end.why);
      return end;
    }
    this.#postponed.clear();
    const outcome = settled(end);
    this.#deps.outcomes.note(outcome, plan.reason, beganMs);
    request.answer(outcome);
    if (outcome.kind === 'committed') {
      budget.refill();
      const { lostListeners } = outcome;
      if (lostListeners !== undefined && roster.active !== undefined)
        this.#agenda.lost(roster.active, lostListeners);
    }
    return outcome;
  }

  /** What a file asked for is not to be lost; nobody waits for the answer. */
  #postpone(request: RestartRequest, why: string): void {
    const { requests, clock } = this.#deps;
    this.#postponed.warn(`hot restart (${request.reasons.join(', ')}) waits: ${why}`);
    requests.postpone(request, clock.monotonicMs() + this.#settings.timing.postponedMs);
  }

  /** Replaces an Envoy without admin port by one of the same configuration. */
  async #repair(active: Epoch, stop: AbortSignal): Promise<HandoffEnd> {
    const reason = 'the admin port was lost';
    const end = await this.#own(
      { reason, repeats: active.launch, force: false, trafficLost: false },
      active,
      stop,
    );
    if (end.kind !== 'committed') this.#agenda.repairFailed();
    return end;
  }

  /** The new Envoy has not got all listeners, and the old one has closed them: back to what worked. */
  async #restore(active: Epoch, stop: AbortSignal): Promise<HandoffEnd> {
    const { log, recipes } = this.#deps;
    const why = `listeners missing in the new Envoy: ${this.#agenda.takeLost().join(', ')}`;
    log.error(why);
    recipes.refused(active, why);
    const { good } = recipes;
    if (good === undefined || isSameRecipe(good, active.launch)) return { kind: 'unchanged' }; // it would have no more
    const reason = 'listeners are missing';
    return this.#own({ reason, repeats: good, force: true, trafficLost: true }, active, stop);
  }

  /** A restart that nobody asked for. */
  async #own(plan: Omit<HandoffPlan, 'ifChanged'>, active: Epoch, stop: AbortSignal): Promise<HandoffEnd> {
    const { handoff, outcomes, clock } = this.#deps;
    const beganMs = clock.monotonicMs();
    const end = await handoff.run({ ...plan, ifChanged: false }, active, stop);
    outcomes.note(settled(end), plan.reason, beganMs);
    return end;
  }

  /** @param byHandoff a candidate took the active Envoy, or its listeners, along */
  #afterExit(active: Epoch, byHandoff: boolean): ServingEnd {
    const { roster, budget, clock, outcomes, recipes } = this.#deps;
    const exit = active.exit ?? { code: null, signal: null };
    const hadParent = active.epoch > 0 && roster.draining.length > 0;
    outcomes.noteCrash();
    if (!byHandoff && !active.doomed) recipes.ended(active);
    budget.lived(clock.monotonicMs() - (active.liveAtMs ?? clock.monotonicMs()));
    if (!mayRestart(this.#settings.restartPolicy, exit, !byHandoff)) return { kind: 'ended', exit };
    const repeats = byHandoff || active.doomed ? active.launch : undefined;
    // what a handoff brought about is no sign of a bad Envoy; a crash of one that started cold is
    return {
      kind: 'start-again',
      plan: {
        reason: reasonOf(active, exit, byHandoff),
        repeats,
        atOnce: byHandoff || hadParent || active.doomed,
      },
    };
  }
}

function reasonOf(ended: Epoch, exit: Exit, byHandoff: boolean): string {
  if (byHandoff) return 'a failed handoff ended the active Envoy';
  return ended.doomed ? 'the parent of the active Envoy died early' : `Envoy ended: ${describeExit(exit)}`;
}

/** What is told to whoever asked. */
function settled(end: HandoffEnd): Exclude<HandoffEnd, { readonly kind: 'postponed' }> {
  return end.kind === 'postponed' ? { kind: 'refused', why: end.why } : end;
}
