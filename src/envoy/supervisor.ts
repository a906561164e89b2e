// The life of Envoy under the agent: started, watched, replaced by its next epoch, started again after a crash,
// drained and ended. This file puts the parts together and holds the order of the whole; each step has a file
// of its own. Upstream: istio 1.31 pkg/envoy/agent.go for start and end, istio 1.7 for epochs.

import type { Exit } from '../runtime/spawn.ts';
import { Attendants } from './attendants.ts';
import { BaseIds } from './memory/base-ids.ts';
import { ColdStart, type ColdStartPlan } from './start/cold-start.ts';
import { RestartBudget } from './start/crash-policy.ts';
import { drainingConnections } from './admin/draining-connections.ts';
import { withDefaults, type EnvoyDeps } from './envoy-deps.ts';
import { describeExit } from './process/epoch.ts';
import { Handoff } from './restart/handoff.ts';
import { HotRestartSwitch } from './start/hot-restart-switch.ts';
import { Launcher } from './process/launcher.ts';
import { Recipes } from './process/recipe.ts';
import { RestartOutcomes, type RestartOutcome } from './restart/restart-outcome.ts';
import { RestartPace } from './restart/restart-pace.ts';
import { RestartRequests, type RestartOptions } from './restart/restart-requests.ts';
import { Roster } from './roster.ts';
import { Serving } from './serving.ts';
import { isAsUpstream, type EnvoySettings } from './settings.ts';
import type { EnvoySnapshot } from './snapshot.ts';
import { StuckFlag } from './memory/stuck-flag.ts';
import { proxyToDrain, postDrain } from './end/drain-request.ts';
import { Ending } from './end/ending.ts';
import { terminate } from './end/termination.ts';

export type EnvoyEnd =
  /** The signal aborted; Envoy was drained and has ended. */
  | { readonly kind: 'drained' }
  /** Envoy ended by itself and the policy is not to start it again; `neverLive`: its bootstrap was never served. */
  | { readonly kind: 'exited'; readonly exit: Exit; readonly neverLive?: true };

export class EnvoySupervisor {
  readonly #deps: Required<EnvoyDeps>;
  readonly #settings: EnvoySettings;
  readonly #roster: Roster;
  readonly #requests: RestartRequests;
  readonly #outcomes: RestartOutcomes;
  readonly #budget: RestartBudget;
  readonly #hotRestart: HotRestartSwitch;
  readonly #baseIds: BaseIds;
  readonly #coldStart: ColdStart;
  readonly #serving: Serving;
  readonly #attendants: Attendants;
  readonly #drained = new AbortController();
  readonly #ending: Ending;

  constructor(deps: EnvoyDeps, settings: EnvoySettings) {
    this.#settings = settings;
    this.#deps = withDefaults(deps, settings);
    const { clock, log, memory, random } = this.#deps;
    const { timing } = settings;
    const roster = new Roster({ ...this.#deps, level: isAsUpstream(settings) ? 'debug' : 'info' });
    const outcomes = new RestartOutcomes(this.#deps);
    const requests = new RestartRequests({ clock, changed: roster.changed, outcomes });
    const budget = new RestartBudget(timing, random);
    const recipes = new Recipes(clock, timing.trialMs);
    const ending = new Ending(clock, settings.shutdown.podGraceMs);
    const parts = { ...this.#deps, roster, outcomes, requests, budget, recipes, ending };
    const launcher = new Launcher(parts, settings);
    const pace = new RestartPace(clock, timing.spacingMs);
    const flag = new StuckFlag(memory, log);
    const attendants = new Attendants(parts, settings);
    const { onDraining, onDoomed } = attendants;
    const handoff = new Handoff({ ...parts, launcher, pace, flag, onDraining, onDoomed }, settings);
    const hotRestart = new HotRestartSwitch(settings.hotRestart, log, () => {
      requests.refuse('hot restart is off');
    });
    const baseIds = new BaseIds(this.#deps, settings.baseId);
    this.#coldStart = new ColdStart({ ...parts, launcher, baseIds, hotRestart }, settings);
    this.#hotRestart = hotRestart;
    this.#baseIds = baseIds;
    this.#serving = new Serving({ ...parts, handoff, pace, drained: this.#drained.signal }, settings);
    this.#roster = roster;
    this.#requests = requests;
    this.#outcomes = outcomes;
    this.#attendants = attendants;
    this.#budget = budget;
    this.#ending = ending;
  }

  /**
   * Runs Envoy until the signal aborts, and then drains it, or until the policy says that its end is ours.
   * Nothing it started is alive when it returns or throws. To be called once.
   *
   * @throws BootstrapRefused, SpawnFailed, RestartsExhausted, or what the first `writeBootstrap` rejected with
   */
  async run(stop: AbortSignal): Promise<EnvoyEnd> {
    const lifetime = new AbortController();
    const { changed } = this.#roster;
    const begin = (): void => {
      this.#ending.begin();
      changed.notify();
    };
    stop.addEventListener('abort', begin);
    if (stop.aborted) begin();
    this.#attendants.begin(lifetime.signal, stop);
    try {
      return await this.#supervise(stop);
    } finally {
      stop.removeEventListener('abort', begin);
      lifetime.abort();
      changed.notify();
      await this.#clearAway();
    }
  }

  /**
   * Asks for a hot restart. Requests that wait together become one restart, of the configuration of that time.
   * Resolves when it is over and logged; unless forced, it starts only when no older Envoy drains any more.
   */
  restart(reason: string, options: RestartOptions = {}): Promise<RestartOutcome> {
    return this.#requests.add(reason, options);
  }

  /**
   * Makes Envoy ask its clients to leave, without refusing new ones; the end that follows drains no more. Changes
   * nothing once the end has begun, or where the settings say that this is no time to drain: then the end that follows
   * is as any other.
   *
   * @throws AdminUnreachable
   */
  async drain(): Promise<void> {
    const { log, admin } = this.#deps;
    log.info('Agent draining proxy');
    if (!this.#settings.shutdown.nativeSidecarDrain)
      return log.info('Envoy is not asked to drain: NATIVE_SIDECAR_DRAIN is false');
    if (this.#ending.begun) return log.info('Envoy is not asked to drain: the agent is ending');
    this.#ending.hurry();
    this.#drained.abort();
    this.#requests.refuse('the proxy is draining');
    const roster = this.#roster;
    roster.changed.notify();
    await roster.changed.until(() => roster.phase !== 'handoff'); // the new one may be the one to ask
    const proxy = proxyToDrain(roster, this.#settings);
    if (proxy !== undefined) await postDrain(proxy, admin, this.#settings, true);
  }

  /** The end that follows, or has begun, does not wait for connections. */
  skipDrain(): void {
    this.#ending.hurry();
    this.#roster.changed.notify();
  }

  /** Every Envoy opens its log files anew; one that is not live yet has just opened them, and would be ended. */
  reopenLogs(): void {
    for (const epoch of this.#roster.alive) if (epoch.liveAtMs !== undefined) epoch.reopenLogs();
  }

  /** SIGKILL to every Envoy, synchronously: for the last moment of an agent that cannot end in order. */
  killAll(): void {
    for (const epoch of this.#roster.alive) epoch.kill();
  }

  snapshot(): EnvoySnapshot {
    const { active } = this.#roster;
    return {
      ...this.#roster.snapshot(),
      baseId: this.#baseIds.current,
      pending: this.#requests.waiting?.reasons.slice() ?? [],
      restartObstacle: this.#requests.refusal,
      restarts: this.#outcomes.counts,
      lastRestart: this.#outcomes.last,
      budget: this.#budget.left,
      adminLost: active?.adminLost ?? false,
      ending: this.#ending.snapshot(),
    };
  }

  /** Open connections of every draining Envoy that tells, by generation. */
  drainingConnections(): Promise<ReadonlyMap<number, number>> {
    return drainingConnections(this.#roster.draining);
  }

  async #supervise(stop: AbortSignal): Promise<EnvoyEnd> {
    this.#deps.log.info('Starting proxy agent');
    if (this.#hotRestart.on) await this.#baseIds.sweep();
    await this.#hotRestart.look(this.#deps.memory);
    let plan: ColdStartPlan | undefined = { reason: 'start', repeats: undefined, atOnce: true };
    while (plan !== undefined) {
      const started = await this.#coldStart.run(plan, stop);
      const end = started.kind === 'live' ? await this.#serving.run(started.active, stop) : started;
      if (end.kind === 'ended') return this.#exited(end.exit, started.kind === 'live');
      plan = end.kind === 'start-again' ? end.plan : undefined;
    }
    await terminate({ ...this.#deps, roster: this.#roster, ending: this.#ending }, this.#settings);
    return { kind: 'drained' };
  }

  #exited(exit: Exit, wasLive: boolean): EnvoyEnd {
    const { log } = this.#deps;
    if (exit.code === 0) log.info('Envoy exited normally');
    else log.error(`Envoy exited with error: ${describeExit(exit)}`);
    return { kind: 'exited', exit, ...(!wasLive && { neverLive: true }) };
  }

  async #clearAway(): Promise<void> {
    this.#requests.refuse('the supervisor has ended');
    this.killAll();
    await this.#roster.changed.until(() => this.#roster.alive.length === 0);
    await Promise.all([this.#roster.settled(), this.#attendants.settled()]);
    await this.#baseIds.clear();
    await this.#deps.binaries.close();
    this.#roster.setPhase('done', 'no Envoy is left');
  }
}
