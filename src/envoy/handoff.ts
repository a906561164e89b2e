// A planned restart: the next epoch takes over the listening sockets of the active one, or nothing changes.
// The order of the steps is what keeps the running Envoy unharmed; each says why. Upstream: Envoy's hot restart
// protocol, seen from the process that starts the epochs.

import { isDeepStrictEqual } from 'node:util';

import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Spawn } from '../runtime/spawn.ts';
import type { AdminClient, AdminListener } from './admin-client.ts';
import { describeExit, type Epoch } from './epoch.ts';
import { openGates, type GateDeps } from './gates.ts';
import { isLive, type AdminAccess, type Launcher, type LiveResult, type PreparedLaunch } from './launcher.ts';
import { attachLifeline } from './lifeline-keeper.ts';
import { envoyWords } from './output.ts';
import { preflight, sameRestartVersion, type Verdict } from './preflight.ts';
import type { Roster } from './roster.ts';
import type { EnvoySettings } from './settings.ts';
import type { FlagState, SharedMemory } from './shared-memory.ts';
import type { WrittenBootstrap } from './written-bootstrap.ts';

export interface HandoffDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly spawn: Spawn;
  readonly admin: AdminAccess;
  readonly roster: Roster;
  readonly launcher: Launcher;
  readonly memory: SharedMemory;
  readonly xdsReady: GateDeps['xdsReady'];
  /** Called with the old Envoy when it begins to drain. */
  readonly onDraining: (epoch: Epoch) => void;
}

export type RestartOutcome =
  | { readonly kind: 'committed'; readonly epoch: number; readonly generation: number }
  /** Asked for only if something has changed, and nothing has: no process was started. */
  | { readonly kind: 'unchanged' }
  /** No process was started. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The new Envoy did not come up; the old one serves on if it lives. */
  | { readonly kind: 'rolled-back'; readonly why: string };

export interface HandoffPlan {
  readonly reason: string;
  /** Undefined: the newest configuration. */
  readonly repeats: WrittenBootstrap | undefined;
  /** Do nothing when neither configuration, command line nor binary differ from the active Envoy's. */
  readonly ifChanged?: boolean;
}

/** A candidate that ends with code 0 has told its parent to end as well; it does so within this time. */
const PARENT_FOLLOWS_MS = 1000;

export class Handoff {
  readonly #deps: HandoffDeps;
  readonly #settings: EnvoySettings;

  constructor(deps: HandoffDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Never throws; after it, phase is `running`, `degraded`, or there is no active Envoy. */
  async run(plan: HandoffPlan, active: Epoch, stop: AbortSignal): Promise<RestartOutcome> {
    const admin = this.#adminOf(active);
    const { roster, clock, xdsReady, launcher } = this.#deps;
    const gates = await openGates({ roster, clock, xdsReady }, this.#settings, active, admin, stop);
    if (!gates.ok) return { kind: 'refused', why: gates.why };
    let prepared: PreparedLaunch;
    try {
      const { baseId } = active.launch;
      prepared = await launcher.prepare({ ...plan, epoch: active.epoch + 1, baseId });
    } catch (error) {
      return { kind: 'refused', why: `the bootstrap cannot be rendered: ${messageOf(error)}` };
    }
    if (plan.ifChanged && isSame(prepared, active)) {
      await this.#discard(prepared);
      return { kind: 'unchanged' };
    }
    const listeners = (await admin?.listeners().catch(() => [])) ?? [];
    const verdict = await this.#inspect(active, prepared, listeners, gates.hotRestartVersion, stop);
    if (verdict.ok) return this.#attempt(active, prepared, listeners, stop);
    await this.#discard(prepared);
    return { kind: 'refused', why: verdict.why };
  }

  /** All that can be known without touching the running Envoy. */
  async #inspect(
    active: Epoch,
    prepared: PreparedLaunch,
    listeners: readonly AdminListener[],
    runningVersion: string | undefined,
    stop: AbortSignal,
  ): Promise<Verdict> {
    if (runningVersion !== undefined) {
      const version = await sameRestartVersion(this.#deps, this.#settings, runningVersion, stop);
      if (!version.ok) return version;
    }
    const addresses = listeners.flatMap((listener) => listener.addresses);
    const verdict = await preflight(this.#deps, this.#settings, prepared.bootstrap, addresses, stop);
    if (!verdict.ok) return verdict;
    // no process of ours is starting, so a bit that is set was left by a dead one
    const flag = await this.#repair(active);
    if (flag === 'clear') return { ok: true };
    return { ok: false, why: 'the shared memory region is not usable: not possible until a cold restart' };
  }

  async #attempt(
    active: Epoch,
    prepared: PreparedLaunch,
    before: readonly AdminListener[],
    stop: AbortSignal,
  ): Promise<RestartOutcome> {
    const { roster, launcher, admin } = this.#deps;
    // without it an Envoy that loses its admin port to a failed candidate cannot be asked or drained any more
    if (active.lifeline === undefined) await attachLifeline(active, admin);
    roster.setPhase('handoff', prepared.reason);
    let candidate: Epoch;
    try {
      candidate = await launcher.start(prepared);
    } catch (error) {
      await this.#discard(prepared);
      roster.setPhase(await this.#phaseOf(active), messageOf(error));
      return { kind: 'refused', why: messageOf(error) };
    }
    const result = await launcher.waitLive(candidate, this.#expiry(active, stop));
    if (result === 'live') return this.#commit(active, candidate, before);
    return this.#rollBack(active, candidate, result, stop);
  }

  /** When to give up: too late, too late for the agent's own end, or nobody is left to hand over. */
  #expiry(active: Epoch, stop: AbortSignal): () => boolean {
    const { clock } = this.#deps;
    const { handoffTimeoutMs, handoffAtStopMs } = this.#settings.timing;
    const startMs = clock.monotonicMs();
    let stopMs: number | undefined;
    return () => {
      const now = clock.monotonicMs();
      if (stop.aborted) stopMs ??= now;
      return !active.alive || now - startMs >= handoffTimeoutMs || now - (stopMs ?? now) >= handoffAtStopMs;
    };
  }

  async #commit(active: Epoch, candidate: Epoch, before: readonly AdminListener[]): Promise<RestartOutcome> {
    const { roster, clock, admin, log, onDraining } = this.#deps;
    roster.commit(clock.monotonicMs() + parentShutdownMs(candidate));
    if (active.alive) onDraining(active);
    else candidate.doomed = true; // it has nobody to end and aborts when it tries
    roster.setPhase('running', `epoch ${candidate.epoch} took over`);
    await attachLifeline(candidate, admin);
    const after = await admin.fresh.listeners().catch(() => undefined); // then nothing can be compared
    const missing = before.filter(({ name }) => after?.every((listener) => listener.name !== name));
    if (missing.length > 0) {
      log.error(`listeners missing in the new Envoy: ${missing.map(({ name }) => name).join(', ')}`);
    }
    return { kind: 'committed', epoch: candidate.epoch, generation: candidate.generation };
  }

  async #rollBack(
    active: Epoch,
    candidate: Epoch,
    result: LiveResult,
    stop: AbortSignal,
  ): Promise<RestartOutcome> {
    const { roster, clock } = this.#deps;
    candidate.kill(); // SIGTERM would end the parent as well
    const exit = await candidate.exited;
    const why = result === 'expired' ? this.#expiredWhy(active, stop) : failure(candidate);
    if (exit.code === 0) await roster.changed.within(() => !active.alive, PARENT_FOLLOWS_MS);
    const flag = await this.#flag(active);
    await this.#repair(active);
    if (!active.alive) return { kind: 'rolled-back', why };
    const phase = await this.#phaseOf(active);
    if (phase === 'degraded' && flag === 'clear') {
      // it died after its workers had started: the old Envoy has closed its listeners for good
      roster.abandon(clock.monotonicMs() + parentShutdownMs(candidate));
      this.#deps.onDraining(active);
    } else roster.setPhase(phase, why);
    return { kind: 'rolled-back', why };
  }

  #expiredWhy(active: Epoch, stop: AbortSignal): string {
    if (!active.alive) return 'the active Envoy ended while its successor was starting';
    if (stop.aborted) return 'the agent is ending';
    return `not live within ${this.#settings.timing.handoffTimeoutMs} ms`;
  }

  async #discard(prepared: PreparedLaunch): Promise<void> {
    await this.#deps.launcher.discard(prepared).catch((error: unknown) => {
      this.#deps.log.warn(`cannot remove ${prepared.bootstrap.path}: ${messageOf(error)}`); // a leftover file harms nobody
    });
  }

  /** A region that cannot be read is as good as none. */
  async #flag(active: Epoch): Promise<FlagState> {
    const { baseId } = active.launch;
    return baseId === undefined ? 'unknown' : this.#deps.memory.flag(baseId).catch(() => 'unknown');
  }

  async #repair(active: Epoch): Promise<FlagState> {
    const { baseId } = active.launch;
    if (baseId === undefined) return 'unknown';
    return this.#deps.memory.repair(baseId).catch((error: unknown) => {
      this.#deps.log.warn(`cannot repair the shared memory region: ${messageOf(error)}`);
      return 'unknown';
    });
  }

  /** Whether a failed candidate left the active Envoy its admin port. */
  async #phaseOf(active: Epoch): Promise<'running' | 'degraded'> {
    return isLive(await this.#deps.launcher.identify(), active) ? 'running' : 'degraded';
  }

  #adminOf(active: Epoch): AdminClient | undefined {
    const { roster, admin } = this.#deps;
    return roster.phase === 'degraded' ? active.lifeline?.admin : admin.fresh;
  }
}

/** Whether the prepared Envoy would be started as the active one was. */
function isSame({ bootstrap, binaryId }: PreparedLaunch, { launch }: Epoch): boolean {
  return (
    bootstrap.hash === launch.bootstrap.hash &&
    isDeepStrictEqual(bootstrap.arguments, launch.bootstrap.arguments) &&
    binaryId === launch.binaryId
  );
}

/** In a handoff the child's own value counts. */
function parentShutdownMs(child: Epoch): number {
  return child.launch.bootstrap.arguments.parentShutdownDurationMs;
}

function failure(candidate: Epoch): string {
  const exit = candidate.exit === undefined ? 'ended' : describeExit(candidate.exit);
  return `${exit} before it was live: ${envoyWords(candidate.stderrLines)}`;
}
