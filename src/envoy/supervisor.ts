// The life of Envoy under the agent: started, watched, replaced by its next epoch, started again after a crash,
// drained and ended. This file puts the parts together and holds the order of the whole; each step has a file
// of its own. Upstream: istio 1.31 pkg/envoy/agent.go for start and end, istio 1.7 for epochs.

import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Exit, Spawn } from '../runtime/spawn.ts';
import { AdminClient, freshConnections } from './admin-client.ts';
import { fileIdentity } from './file-identity.ts';
import { ColdStart, type ColdStartPlan } from './cold-start.ts';
import { RestartBudget } from './crash-policy.ts';
import { watchDraining } from './draining.ts';
import type { EnvoyOutput, Epoch } from './epoch.ts';
import type { XdsReadiness } from './gates.ts';
import { Handoff, type RestartOutcome } from './handoff.ts';
import { Launcher, type AdminAccess } from './launcher.ts';
import { keepLifelines } from './lifeline-keeper.ts';
import { openLifeline } from './lifeline.ts';
import { RestartRequests, type RestartOptions } from './restart-requests.ts';
import { Roster } from './roster.ts';
import { Serving } from './serving.ts';
import { drainQuery, type EnvoySettings } from './settings.ts';
import { sharedMemory, type SharedMemory } from './shared-memory.ts';
import type { EnvoySnapshot } from './snapshot.ts';
import { postDrain, terminate } from './termination.ts';
import type { BootstrapLaunch, WrittenBootstrap } from './written-bootstrap.ts';

export interface EnvoyDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Where Envoy's own lines go. */
  readonly output: EnvoyOutput;
  /** Writes the bootstrap of one Envoy; rejects when it cannot be rendered. */
  readonly writeBootstrap: (launch: BootstrapLaunch) => Promise<WrittenBootstrap>;
  /** Removes the bootstrap of an Envoy that is gone; does nothing for a file the user gave. */
  readonly removeBootstrap: (path: string) => Promise<void>;
  /** Control plane connected, and the last CDS and LDS acknowledged by this generation? */
  readonly xdsReady: (generation: number) => XdsReadiness;
  /** Which file the binary is now; undefined: there is none. Default: that of the settings' path. */
  readonly binaryId?: () => Promise<string | undefined>;
  /** Default: the admin port of the settings. */
  readonly admin?: AdminAccess;
  /** Default: `/dev/shm`. */
  readonly memory?: SharedMemory;
}

export type EnvoyEnd =
  /** The signal aborted; Envoy was drained and has ended. */
  | { readonly kind: 'drained' }
  /** Envoy ended by itself and the policy is not to start it again. */
  | { readonly kind: 'exited'; readonly exit: Exit };

export class EnvoySupervisor {
  readonly #deps: Required<EnvoyDeps>;
  readonly #settings: EnvoySettings;
  readonly #roster: Roster;
  readonly #requests: RestartRequests;
  readonly #coldStart: ColdStart;
  readonly #serving: Serving;
  readonly #background = new Set<Promise<void>>();
  #skipDrain = false;

  constructor(deps: EnvoyDeps, settings: EnvoySettings) {
    this.#settings = settings;
    this.#deps = {
      ...deps,
      binaryId: deps.binaryId ?? (() => fileIdentity(settings.binaryPath)),
      admin: deps.admin ?? adminPort(settings),
      memory: deps.memory ?? sharedMemory(),
    };
    const roster = new Roster(deps);
    const requests = new RestartRequests(roster.changed, deps.log);
    const budget = new RestartBudget(settings.timing, deps.random);
    const launcher = new Launcher({ ...this.#deps, roster }, settings);
    const onDraining = (epoch: Epoch): void => this.#watchDraining(epoch);
    const handoff = new Handoff({ ...this.#deps, roster, launcher, onDraining }, settings);
    this.#coldStart = new ColdStart({ ...this.#deps, roster, launcher, budget }, settings);
    this.#serving = new Serving({ ...deps, roster, handoff, requests, budget }, settings);
    this.#roster = roster;
    this.#requests = requests;
  }

  /**
   * Runs Envoy until the signal aborts, and then drains it, or until the policy says that its end is ours.
   * Nothing it started is alive when it returns or throws. To be called once.
   *
   * @throws BootstrapRefused, SpawnFailed, RestartsExhausted, or what the first `writeBootstrap` rejected with
   */
  async run(stop: AbortSignal): Promise<EnvoyEnd> {
    const lifetime = new AbortController();
    const wake = (): void => this.#roster.changed.notify();
    stop.addEventListener('abort', wake);
    const { lifelinePingMs } = this.#settings.timing;
    this.#run(keepLifelines({ ...this.#deps, roster: this.#roster }, lifelinePingMs, lifetime.signal));
    try {
      return await this.#supervise(stop);
    } finally {
      stop.removeEventListener('abort', wake);
      lifetime.abort();
      wake();
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
   * Makes Envoy ask its clients to leave, without refusing new ones; the end that follows drains no more.
   *
   * @throws AdminUnreachable
   */
  async drain(): Promise<void> {
    this.#skipDrain = true;
    this.#requests.refuse('the proxy is draining');
    const { active } = this.#roster;
    if (active === undefined) return;
    await postDrain(active, this.#deps.admin, `${drainQuery(this.#settings)}&skip_exit`);
  }

  /** The end that follows, or has begun, does not wait for connections. */
  skipDrain(): void {
    this.#skipDrain = true;
    this.#roster.changed.notify();
  }

  /** SIGKILL to every Envoy, synchronously: for the last moment of an agent that cannot end in order. */
  killAll(): void {
    for (const epoch of this.#roster.alive) epoch.kill();
  }

  snapshot(): EnvoySnapshot {
    const { reasons: pending } = this.#requests;
    const { counts: restarts } = this.#serving;
    return { ...this.#roster.snapshot(), baseId: this.#coldStart.baseId, pending, restarts };
  }

  async #supervise(stop: AbortSignal): Promise<EnvoyEnd> {
    const hotRestart = await this.#hotRestartWorks();
    if (!hotRestart) this.#requests.refuse('hot restart is off');
    let plan: ColdStartPlan | undefined = { reason: 'start', repeats: undefined, atOnce: true };
    while (plan !== undefined) {
      const started = await this.#coldStart.run(plan, hotRestart, stop);
      const end = started.kind === 'live' ? await this.#serving.run(started.active, stop) : started;
      if (end.kind === 'ended') return { kind: 'exited', exit: end.exit };
      plan = end.kind === 'start-again' ? end.plan : undefined;
    }
    await terminate({ ...this.#deps, roster: this.#roster }, this.#settings, () => this.#skipDrain);
    return { kind: 'drained' };
  }

  async #hotRestartWorks(): Promise<boolean> {
    if (!this.#settings.hotRestart) return false;
    const why = await this.#deps.memory.unusable();
    if (why === undefined) return true;
    this.#deps.log.warn(`hot restart is off: shared memory cannot be used: ${why}`);
    return false;
  }

  #watchDraining(epoch: Epoch): void {
    const { clock, log } = this.#deps;
    this.#run(watchDraining(epoch, { clock, log, roster: this.#roster, timing: this.#settings.timing }));
  }

  /** Something that goes on beside the loop and ends with `run`. */
  #run(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.#deps.log.error(`supervisor: ${messageOf(error)}`))
      .finally(() => this.#background.delete(done));
    this.#background.add(done);
  }

  async #clearAway(): Promise<void> {
    this.#requests.refuse('the supervisor has ended');
    this.killAll();
    await this.#roster.changed.until(() => this.#roster.alive.length === 0);
    await Promise.all([this.#roster.settled(), ...this.#background]);
    for (const baseId of this.#coldStart.usedBaseIds) {
      await this.#deps.memory.unlink(baseId).catch((error: unknown) => {
        this.#deps.log.warn(`cannot remove the shared memory region: ${messageOf(error)}`); // it is 104 bytes
      });
    }
    this.#roster.setPhase('done', 'no Envoy is left');
  }
}

function adminPort(settings: EnvoySettings): AdminAccess {
  return {
    fresh: new AdminClient(freshConnections(settings.admin)),
    openLifeline: () => openLifeline(settings.admin),
  };
}
