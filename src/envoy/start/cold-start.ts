// Starting Envoy at epoch 0, and again as long as policy and budget allow, until one is LIVE.

import { formatDuration } from '../../runtime/duration.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Exit } from '../../runtime/spawn.ts';
import type { BaseIds } from '../memory/base-ids.ts';
import { mayRestart, RestartsExhausted, type RestartBudget } from './crash-policy.ts';
import type { Epoch } from '../process/epoch.ts';
import type { HotRestartSwitch } from './hot-restart-switch.ts';
import type { AdminAccess, Launcher, PreparedLaunch } from '../process/launcher.ts';
import { attachLifeline } from '../admin/lifeline-keeper.ts';
import type { Recipe, Recipes } from '../process/recipe.ts';
import type { RestartRequests } from '../restart/restart-requests.ts';
import type { Roster } from '../roster.ts';
import type { EnvoySettings } from '../settings.ts';
import { untilStop } from '../until-stop.ts';
import { endedEarly, notStarted, type StartFailure } from './start-failure.ts';

export interface ColdStartDeps {
  readonly log: Log;
  readonly roster: Roster;
  readonly admin: AdminAccess;
  readonly launcher: Launcher;
  readonly budget: RestartBudget;
  readonly baseIds: BaseIds;
  readonly hotRestart: HotRestartSwitch;
  readonly requests: RestartRequests;
  readonly recipes: Recipes;
}

export interface ColdStartPlan {
  readonly reason: string;
  /** Start another of these; undefined: the newest configuration, or the last good one where that is known to be bad. */
  readonly repeats: Recipe | undefined;
  /** Start without delay and without spending the budget. */
  readonly atOnce: boolean;
}

export type ColdStartEnd =
  | { readonly kind: 'live'; readonly active: Epoch }
  | { readonly kind: 'stop' }
  /** The policy does not allow another start. */
  | { readonly kind: 'ended'; readonly exit: Exit };

type Attempt =
  | Exclude<ColdStartEnd, { kind: 'ended' }>
  | { readonly kind: 'failed'; readonly failure: StartFailure };

const BASE_ID_TRIES = 10;

export class ColdStart {
  readonly #deps: ColdStartDeps;
  readonly #settings: EnvoySettings;
  #everLive = false;
  /** The newest of ours. */
  #last: Epoch | undefined;

  constructor(deps: ColdStartDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** @throws BootstrapRefused, SpawnFailed, RestartsExhausted, or what rendering the first bootstrap threw */
  async run(plan: ColdStartPlan, stop: AbortSignal): Promise<ColdStartEnd> {
    let baseIdTries = 0;
    let { reason, atOnce } = plan;
    for (;;) {
      if (!atOnce && !(await this.#backOff(reason, stop))) return { kind: 'stop' };
      if (stop.aborted) return { kind: 'stop' };
      this.#deps.roster.setPhase('starting', reason);
      const attempt = { ...plan, reason };
      const result = await (atOnce ? this.#start(attempt, stop) : this.#answer(attempt, stop));
      if (result.kind !== 'failed') return result;
      const { failure } = result;
      if (failure.obstacle === 'base id taken') baseIdTries += 1;
      const cleared = this.#clear(failure);
      if (stop.aborted) return this.#givenUp(failure);
      atOnce = cleared && baseIdTries <= BASE_ID_TRIES;
      if (!atOnce && this.#isFinal(failure)) return { kind: 'ended', exit: failure.exit };
      if (!atOnce && !this.#isRetried(failure)) throw failure.error;
      reason = failure.why;
    }
  }

  /** Whatever went wrong, the agent ends as it was told to. */
  #givenUp({ why }: StartFailure): ColdStartEnd {
    this.#deps.log.warn(`Envoy did not come up: ${why}`);
    return { kind: 'stop' };
  }

  /** A request that ended the wait is answered by this start, which takes the newest configuration as well. */
  async #answer(plan: ColdStartPlan, stop: AbortSignal): Promise<Attempt> {
    const { requests } = this.#deps;
    const request = requests.take();
    const result = await this.#start(request ? { ...plan, repeats: undefined } : plan, stop);
    if (result.kind === 'live') {
      const { epoch, generation } = result.active;
      request?.answer({ kind: 'committed', epoch, generation });
    } else {
      request?.answer({ kind: 'rolled-back', why: result.kind === 'failed' ? result.failure.why : STOPPED });
    }
    return result;
  }

  async #start(plan: ColdStartPlan, stop: AbortSignal): Promise<Attempt> {
    const { launcher, roster, admin, baseIds, hotRestart, recipes } = this.#deps;
    const baseId = hotRestart.on ? await baseIds.choose(roster.alive.length > 0) : undefined;
    let epoch: Epoch;
    let prepared: PreparedLaunch | undefined;
    try {
      prepared = await this.#prepare(plan, baseId);
      if (stop.aborted) {
        await launcher.discard(prepared);
        return { kind: 'stop' };
      }
      epoch = await launcher.start(prepared);
    } catch (thrown) {
      if (prepared !== undefined) await launcher.discard(prepared);
      return { kind: 'failed', failure: notStarted(thrown, this.#everLive) };
    }
    this.#last = epoch;
    const result = await launcher.waitLive(epoch, () => stop.aborted);
    if (result === 'expired') return { kind: 'stop' };
    if (result === 'exited') return this.#ended(epoch);
    this.#everLive = true;
    roster.commit(0); // nobody hands over: there is no parent to end
    recipes.live(epoch);
    await Promise.all([untilStop(attachLifeline(epoch, admin), roster, stop), baseIds.remember()]);
    return { kind: 'live', active: epoch };
  }

  /** The newest configuration; the last good one instead of one that is known to be bad or cannot be rendered. */
  async #prepare({ reason, repeats }: ColdStartPlan, baseId: number | undefined): Promise<PreparedLaunch> {
    const { launcher, recipes, log } = this.#deps;
    const launch = { reason, epoch: 0, baseId };
    const { good } = recipes;
    if (repeats !== undefined || good === undefined) return launcher.prepare({ ...launch, repeats });
    let fault: string | undefined;
    try {
      const newest = await launcher.prepare({ ...launch, repeats: undefined });
      fault = recipes.faultOf(newest);
      if (fault === undefined) return newest;
      await launcher.discard(newest);
    } catch (error) {
      fault = messageOf(error);
    }
    log.error(`Envoy is started with the last configuration that was good, not the newest: ${fault}`);
    return launcher.prepare({ ...launch, repeats: good });
  }

  async #ended(epoch: Epoch): Promise<Attempt> {
    const failure = endedEarly(epoch, await epoch.exited, this.#everLive, this.#deps.hotRestart.on);
    // whatever it died of: the good one is better
    if (failure.obstacle === undefined) this.#deps.recipes.refused(epoch, failure.why);
    return { kind: 'failed', failure };
  }

  /** Whether what stood in the way is out of it, so that the next start is worth trying at once. */
  #clear({ obstacle, why }: StartFailure): boolean {
    const { baseIds, hotRestart } = this.#deps;
    if (obstacle === 'base id taken') baseIds.giveUp();
    else if (obstacle === 'no shared memory') hotRestart.turnOff(why);
    return obstacle !== undefined;
  }

  #isFinal(failure: StartFailure): failure is StartFailure & { readonly exit: Exit } {
    return failure.exit !== undefined && !mayRestart(this.#settings.restartPolicy, failure.exit, false);
  }

  #isRetried(failure: StartFailure): boolean {
    return failure.retryable && this.#settings.restartPolicy !== 'never';
  }

  /** False when the signal came first. A request is a new reason to hope: it ends the wait. */
  async #backOff(reason: string, stop: AbortSignal): Promise<boolean> {
    const { budget, roster, log, requests } = this.#deps;
    const delayMs = budget.spend();
    if (delayMs === undefined) throw this.#exhausted(reason);
    roster.setPhase('backoff', reason);
    log.warn(`Envoy is started again in ${formatDuration(Math.round(delayMs))}: ${reason}`);
    const asked = (): boolean => requests.waiting !== undefined;
    await roster.changed.within(() => stop.aborted || asked(), delayMs);
    if (asked()) budget.refill();
    return !stop.aborted;
  }

  #exhausted(reason: string): RestartsExhausted {
    const bootstrap = this.#last?.launch.configPath;
    const lines = this.#last?.stderrLines ?? [];
    this.#deps.log.error('the last lines of Envoy', { bootstrap, stderr: lines.join('\n') });
    const of = bootstrap === undefined ? '' : ` with ${bootstrap}`;
    return new RestartsExhausted(`Envoy${of} ended too often and is not started again; last: ${reason}`);
  }
}

const STOPPED = 'the agent is ending';
