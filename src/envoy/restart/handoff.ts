// A planned restart: the next epoch takes over the listening sockets of the active one, or nothing changes.
// The order of the steps is what keeps the running Envoy unharmed; each says why. Upstream: Envoy's hot restart
// protocol, seen from the process that starts the epochs.

import { backoffMs } from '../../runtime/backoff.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';
import type { AdminListener } from '../admin/admin-client.ts';
import type { Ending } from '../end/ending.ts';
import type { Epoch } from '../process/epoch.ts';
import { Gates, type GateDeps } from './gates.ts';
import type { Launcher, PreparedLaunch } from '../process/launcher.ts';
import { attachLifeline } from '../admin/lifeline-keeper.ts';
import { lostListeners } from './lost-listeners.ts';
import { isSameRecipe, type Recipe } from '../process/recipe.ts';
import type { RestartOutcome } from './restart-outcome.ts';
import type { RestartPace } from './restart-pace.ts';
import { rollBack, type Failure, type RollbackDeps } from './rollback.ts';
import type { EnvoySettings } from '../settings.ts';
import { untilStop } from '../until-stop.ts';
import { workersOfNext } from './workers.ts';

export interface HandoffDeps extends GateDeps, Omit<RollbackDeps, 'timing'> {
  /** Called with an Envoy that cannot end its parent, because that is gone. */
  readonly onDoomed: (epoch: Epoch) => void;
  readonly launcher: Launcher;
  readonly pace: RestartPace;
  /** Once the agent is told to end: whether that may wait for anything. */
  readonly ending: Pick<Ending, 'over'>;
}

export interface HandoffPlan {
  readonly reason: string;
  /** Start another of these, which is known to work; undefined: the newest configuration. */
  readonly repeats: Recipe | undefined;
  /** Do nothing when the active Envoy was started with just the same. */
  readonly ifChanged: boolean;
  readonly force: boolean;
  /** Traffic is lost already: nothing is waited for. */
  readonly trafficLost: boolean;
}

export type HandoffEnd =
  | RestartOutcome
  /** A gate is closed that is likely to open; no process was started. */
  | { readonly kind: 'postponed'; readonly why: string };

type Attempt = { readonly failed: Failure } | { readonly ended: RestartOutcome };

export class Handoff {
  readonly #deps: HandoffDeps;
  readonly #settings: EnvoySettings;
  readonly #gates: Gates;

  constructor(deps: HandoffDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#gates = new Gates(deps, settings);
  }

  /** Never throws; after it, phase is `running`, `degraded`, or there is no active Envoy. */
  async run(plan: HandoffPlan, active: Epoch, stop: AbortSignal): Promise<HandoffEnd> {
    const { force, trafficLost, ifChanged } = plan;
    let prepared: PreparedLaunch;
    try {
      prepared = await this.#prepare(plan, active);
    } catch (error) {
      return { kind: 'refused', why: `the bootstrap cannot be rendered: ${messageOf(error)}` };
    }
    const { recipes, launcher } = this.#deps;
    recipes.faultOf(prepared); // what is not the bad one lets that be forgotten
    if (ifChanged && isSameRecipe(prepared, active.launch)) {
      await launcher.discard(prepared);
      return { kind: 'unchanged' };
    }
    const verdict = await this.#gates.check({ active, prepared, force, trafficLost }, stop);
    if (verdict.ok) return this.#attempts(plan, prepared, active, stop);
    await launcher.discard(prepared);
    const { why, fault } = verdict;
    if (fault === 'configuration' && plan.repeats === undefined) recipes.markBad(prepared, why);
    return { kind: fault === 'passing' ? 'postponed' : 'refused', why };
  }

  #prepare({ reason, repeats }: HandoffPlan, active: Epoch): Promise<PreparedLaunch> {
    const { baseId } = active.launch;
    // after a failure the number is the same again: the next must be the one after its parent's
    return this.#deps.launcher.prepare({ reason, repeats, baseId, epoch: active.epoch + 1, parent: active });
  }

  /** Again and again as long as what stands in the way is of the kind that passes. */
  async #attempts(
    plan: HandoffPlan,
    first: PreparedLaunch,
    active: Epoch,
    stop: AbortSignal,
  ): Promise<RestartOutcome> {
    const { roster, pace } = this.#deps;
    const { backoffTries, backoffInitialMs: initialMs, backoffMaxMs: maxMs } = this.#settings.timing;
    if (plan.ifChanged) pace.startedForFile();
    const over = (): boolean => stop.aborted || !active.alive;
    let prepared = first;
    for (let retry = 0; ; retry += 1) {
      const result = await this.#attempt(prepared, active, stop);
      if ('ended' in result) return result.ended;
      const { why, retryable } = result.failed;
      const rolledBack = { kind: 'rolled-back', why } as const;
      if (!retryable || retry >= backoffTries) return rolledBack;
      if (
        await roster.changed.within(
          over,
          backoffMs({ initialMs, maxMs }, retry, () => 0),
        )
      )
        return rolledBack;
      try {
        prepared = await this.#prepare({ ...plan, repeats: prepared }, active);
      } catch (error) {
        return { kind: 'rolled-back', why: `${why}; it cannot be tried again: ${messageOf(error)}` };
      }
    }
  }

  async #attempt(prepared: PreparedLaunch, active: Epoch, stop: AbortSignal): Promise<Attempt> {
    const { roster, launcher } = this.#deps;
    const before = (await untilStop(this.#before(active), roster, stop)) ?? [];
    const phase = roster.phase;
    let candidate: Epoch;
    try {
      if (stop.aborted || !active.alive || active.doomed) throw new AgentError('the active Envoy is ending');
      roster.setPhase('handoff', prepared.reason);
      candidate = await launcher.start(this.#staffed(prepared, active));
    } catch (error) {
      await launcher.discard(prepared);
      roster.setPhase(phase, messageOf(error));
      return { ended: { kind: 'refused', why: messageOf(error) } };
    }
    const result = await launcher.waitLive(candidate, this.#expiry(active, stop));
    if (result === 'live') return { ended: await this.#commit(active, candidate, before, stop) };
    const { timing } = this.#settings;
    return { failed: await rollBack(active, candidate, result, { ...this.#deps, timing }, stop) };
  }

  /** What the active Envoy has, and a way to ask it later. */
  async #before(active: Epoch): Promise<readonly AdminListener[]> {
    const { admin } = this.#deps;
    // without it an Envoy that loses its admin port to a failed candidate cannot be asked or drained any more
    if (active.lifeline === undefined && !active.adminLost) await attachLifeline(active, admin);
    const asked = active.adminLost ? active.lifeline?.admin : admin.fresh;
    return (await asked?.listeners().catch(() => [])) ?? [];
  }

  /** With as many workers as its parent, where the configuration leaves that to Envoy. */
  #staffed(prepared: PreparedLaunch, active: Epoch): PreparedLaunch {
    const workers = workersOfNext(prepared.bootstrap.arguments.concurrency, active.info?.concurrency);
    if (!workers.ok) return prepared; // its gate has said so
    if (workers.warning !== undefined) this.#deps.log.warn(workers.warning);
    return { ...prepared, concurrency: workers.concurrency };
  }

  /** When to give up: too late, too late for the agent's own end, or nobody is left to hand over. */
  #expiry(active: Epoch, stop: AbortSignal): () => boolean {
    const { clock, ending } = this.#deps;
    const { handoffTimeoutMs, handoffAtStopMs } = this.#settings.timing;
    const startMs = clock.monotonicMs();
    let stopMs: number | undefined;
    return () => {
      const now = clock.monotonicMs();
      if (stop.aborted) stopMs ??= now;
      if (ending.over || now - (stopMs ?? now) >= handoffAtStopMs) return true;
      return !active.alive || now - startMs >= handoffTimeoutMs;
    };
  }

  async #commit(
    active: Epoch,
    candidate: Epoch,
    before: readonly AdminListener[],
    stop: AbortSignal,
  ): Promise<RestartOutcome> {
    const { roster, recipes, clock, onDraining, pace } = this.#deps;
    const { handoffSoakMs } = this.#settings.timing;
    const { parentShutdownDurationMs } = candidate.launch.bootstrap.arguments; // in a handoff the child's counts
    roster.commit(clock.monotonicMs() + parentShutdownDurationMs);
    candidate.keep();
    recipes.live(candidate);
    pace.committed(parentShutdownDurationMs);
    if (active.alive) onDraining(active);
    // with code 0 it was ended by its child, which took long to be seen; otherwise that aborts when it tries to
    else if (active.exit?.code !== 0) this.#deps.onDoomed(candidate);
    const lost = (await untilStop(this.#lost(active, candidate, before), roster, stop)) ?? [];
    await roster.changed.within(() => !candidate.alive || stop.aborted, lost.length > 0 ? 0 : handoffSoakMs);
    if (!candidate.alive) {
      recipes.ended(candidate);
      return { kind: 'rolled-back', why: 'the new Envoy ended soon after it was live' };
    }
    roster.setPhase('running', `epoch ${candidate.epoch} took over`);
    const { epoch, generation } = candidate;
    return { kind: 'committed', epoch, generation, ...(lost.length > 0 && { lostListeners: lost }) };
  }

  async #lost(active: Epoch, candidate: Epoch, before: readonly AdminListener[]): Promise<readonly string[]> {
    const { admin } = this.#deps;
    await attachLifeline(candidate, admin);
    return lostListeners(active, candidate, before, admin.fresh);
  }
}
