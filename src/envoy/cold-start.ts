// Starting Envoy at epoch 0, and again as long as policy and budget allow, until one is LIVE.

import { formatDuration } from '../runtime/duration.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Exit } from '../runtime/spawn.ts';
import { BootstrapRefused, mayRestart, RestartsExhausted, type RestartBudget } from './crash-policy.ts';
import { describeExit, SpawnFailed, type Epoch } from './epoch.ts';
import type { AdminAccess, Launcher } from './launcher.ts';
import { attachLifeline } from './lifeline-keeper.ts';
import { envoyWords } from './output.ts';
import type { Roster } from './roster.ts';
import type { EnvoySettings } from './settings.ts';
import type { SharedMemory } from './shared-memory.ts';
import type { WrittenBootstrap } from './written-bootstrap.ts';

export interface ColdStartDeps {
  readonly log: Log;
  readonly random: () => number;
  readonly roster: Roster;
  readonly admin: AdminAccess;
  readonly launcher: Launcher;
  readonly memory: SharedMemory;
  readonly budget: RestartBudget;
}

export interface ColdStartPlan {
  readonly reason: string;
  /** Have this configuration written again; undefined: the newest. */
  readonly repeats: WrittenBootstrap | undefined;
  /** Start without delay and without spending the budget. */
  readonly atOnce: boolean;
}

export type ColdStartEnd =
  | { readonly kind: 'live'; readonly active: Epoch }
  | { readonly kind: 'stop' }
  /** The policy does not allow another start. */
  | { readonly kind: 'ended'; readonly exit: Exit };

/** One failed attempt, as data. */
interface Failure {
  readonly why: string;
  /** Undefined when no process came to be. */
  readonly exit: Exit | undefined;
  readonly error: AgentError;
  readonly retryable: boolean;
}

type Attempt =
  | Exclude<ColdStartEnd, { kind: 'ended' }>
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Envoy's text when another Envoy has the sockets of its base id. */
const BASE_ID_TAKEN = 'unable to bind domain socket';
const BASE_ID_TRIES = 10;

export class ColdStart {
  readonly #deps: ColdStartDeps;
  readonly #settings: EnvoySettings;
  /** Those of our own lines; never one that another Envoy was found to have. */
  readonly #usedBaseIds = new Set<number>();
  #baseId: number | undefined;
  /** `ENVOY_BASE_ID`, for the first line only: later ones may have to run beside it. */
  #wantedBaseId: number | undefined;
  #everLive = false;

  constructor(deps: ColdStartDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#wantedBaseId = settings.baseId;
  }

  /** The base id of the newest hot-restart line; undefined: none, hot restart is off. */
  get baseId(): number | undefined {
    return this.#baseId;
  }

  /** Every base id that was used, for clearing up at the end. */
  get usedBaseIds(): readonly number[] {
    return [...this.#usedBaseIds];
  }

  /**
   * @param hotRestart whether the Envoy shall be able to hand over to another
   * @throws BootstrapRefused, SpawnFailed, RestartsExhausted, or what rendering the first bootstrap threw
   */
  async run(plan: ColdStartPlan, hotRestart: boolean, stop: AbortSignal): Promise<ColdStartEnd> {
    let baseIdTries = 0;
    let { reason, atOnce } = plan;
    for (;;) {
      if (!atOnce && !(await this.#backOff(reason, stop))) return { kind: 'stop' };
      if (stop.aborted) return { kind: 'stop' };
      this.#deps.roster.setPhase('starting', reason);
      if (hotRestart) await this.#chooseBaseId();
      const result = await this.#attempt({ ...plan, reason }, stop);
      if (result.kind !== 'failed') return result;
      const { failure } = result;
      atOnce = failure.why.includes(BASE_ID_TAKEN) && (baseIdTries += 1) <= BASE_ID_TRIES;
      if (atOnce) this.#giveUpBaseId();
      else if (this.#isFinal(failure)) return { kind: 'ended', exit: failure.exit };
      else if (!failure.retryable) throw failure.error;
      reason = failure.why;
    }
  }

  async #attempt(plan: ColdStartPlan, stop: AbortSignal): Promise<Attempt> {
    const { launcher, roster, admin } = this.#deps;
    let epoch: Epoch;
    try {
      const prepared = await launcher.prepare({ ...plan, epoch: 0, baseId: this.#baseId });
      epoch = await launcher.start(prepared);
    } catch (thrown) {
      return { kind: 'failed', failure: this.#notStarted(thrown) };
    }
    const result = await launcher.waitLive(epoch, () => stop.aborted);
    if (result === 'expired') return { kind: 'stop' };
    if (result === 'exited') return { kind: 'failed', failure: this.#ended(epoch, await epoch.exited) };
    this.#everLive = true;
    roster.commit(0); // nobody hands over: there is no parent to end
    await attachLifeline(epoch, admin);
    return { kind: 'live', active: epoch };
  }

  #notStarted(thrown: unknown): Failure {
    const why = messageOf(thrown);
    const error = thrown instanceof AgentError ? thrown : new AgentError(why, { cause: thrown });
    return {
      why,
      exit: undefined,
      error,
      retryable: thrown instanceof SpawnFailed ? thrown.retryable : this.#everLive,
    };
  }

  #ended(epoch: Epoch, exit: Exit): Failure {
    const words = envoyWords(epoch.stderrLines);
    const why = `${describeExit(exit)} before it was live: ${words}`;
    const error = new BootstrapRefused(`Envoy refused its bootstrap ${epoch.launch.configPath}: ${words}`);
    return { why, exit, error, retryable: this.#everLive || exit.code !== 1 };
  }

  #isFinal(failure: Failure): failure is Failure & { readonly exit: Exit } {
    return failure.exit !== undefined && !mayRestart(this.#settings.restartPolicy, failure.exit, false);
  }

  /** False when the signal came first. */
  async #backOff(reason: string, stop: AbortSignal): Promise<boolean> {
    const { budget, roster, log } = this.#deps;
    const delayMs = budget.spend();
    if (delayMs === undefined) {
      throw new RestartsExhausted(`Envoy ended too often and is not started again; last: ${reason}`);
    }
    roster.setPhase('backoff', reason);
    log.warn(`Envoy is started again in ${formatDuration(Math.round(delayMs))}: ${reason}`);
    return !(await roster.changed.within(() => stop.aborted, delayMs));
  }

  /** An Envoy that still drains keeps its sockets, so the new line gets an id of its own. */
  async #chooseBaseId(): Promise<void> {
    const { roster, memory, random, log } = this.#deps;
    if (this.#baseId !== undefined && roster.alive.length === 0) return;
    this.#baseId = this.#wantedBaseId ?? (await memory.freeBaseId(random));
    this.#wantedBaseId = undefined;
    this.#usedBaseIds.add(this.#baseId);
    log.debug(`base id ${this.#baseId}`);
  }

  /** The sockets of this id are another Envoy's, and so is the region: it is not ours to remove. */
  #giveUpBaseId(): void {
    if (this.#baseId !== undefined) this.#usedBaseIds.delete(this.#baseId);
    this.#baseId = undefined;
  }
}
