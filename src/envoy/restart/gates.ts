// What must hold before a planned restart may start a process. At LIVE the old Envoy has closed its listeners
// already, so everything that can keep the new one from getting its own is asked before, the cheap things first.

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Spawn } from '../../runtime/spawn.ts';
import type { AdminClient } from '../admin/admin-client.ts';
import { hasEnded } from '../admin/lifeline.ts';
import type { EnvoyOutput, Epoch } from '../process/epoch.ts';
import { isLive, type AdminAccess, type PreparedLaunch } from '../process/launcher.ts';
import { loadReportingFault } from './load-reporting.ts';
import { preflight } from './preflight.ts';
import type { Recipes } from '../process/recipe.ts';
import { RestartVersions } from './restart-version.ts';
import type { Roster } from '../roster.ts';
import type { EnvoySettings } from '../settings.ts';
import type { StuckFlag } from '../memory/stuck-flag.ts';
import { untilStop } from '../until-stop.ts';
import { closed, OPEN, type Verdict } from './verdict.ts';
import { workersOfNext } from './workers.ts';

export interface Readiness {
  readonly ok: boolean;
  /** Why not, for people; empty when ok. */
  readonly reason: string;
}

export interface GateDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  readonly output: EnvoyOutput;
  readonly admin: AdminAccess;
  readonly roster: Roster;
  readonly recipes: Recipes;
  readonly flag: StuckFlag;
  /** Control plane connected, and the last CDS and LDS acknowledged by this generation? */
  readonly xdsReady: (generation: number) => Readiness;
  /** Can a certificate be had now? */
  readonly certificateReady: () => Readiness;
  /** Why a second Envoy beside this process does not fit into memory; undefined: it does. */
  readonly lackOfMemory: (pid: number) => Promise<string | undefined>;
  /** Content of a bootstrap that was written. */
  readonly readText: (path: string) => Promise<string>;
}

/** What is to be started, and how much it matters. */
export interface Crossing {
  readonly active: Epoch;
  readonly prepared: PreparedLaunch;
  /** Not held up by an Envoy that drains, by memory, or by an earlier refusal. */
  readonly force: boolean;
  /** Traffic is lost already: the control plane is not waited for. */
  readonly trafficLost: boolean;
}

/** How many Envoys may drain when another is started: never more than three are to be alive. */
export function mostDraining(force: boolean): number {
  return force ? 1 : 0;
}

type Gate = (crossing: Crossing, stop: AbortSignal) => Promise<Verdict>;

export class Gates {
  readonly #deps: GateDeps;
  readonly #settings: EnvoySettings;
  readonly #versions: RestartVersions;
  /** In order; the first one that is closed decides. */
  readonly #gates: readonly Gate[] = [
    (crossing, stop) => this.#waiting(() => this.#live(crossing), crossing, stop),
    (crossing) => this.#alone(crossing),
    (crossing) => this.#untried(crossing),
    (crossing, stop) => this.#sameProtocol(crossing, stop),
    (crossing, stop) => this.#waiting(() => this.#supplied(crossing), crossing, stop),
    (crossing, stop) => this.#accepted(crossing, stop),
    (crossing) => this.#fitting(crossing),
    (crossing) => this.#asManyWorkers(crossing),
    (crossing) => this.#flagClear(crossing),
  ];

  constructor(deps: GateDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#versions = new RestartVersions(deps);
  }

  /** Waits for those that are likely to open, at most `gateTimeoutMs` each. */
  async check(crossing: Crossing, stop: AbortSignal): Promise<Verdict> {
    for (const gate of this.#gates) {
      const verdict = await gate(crossing, stop);
      if (stop.aborted) return closed('the agent is ending'); // a run of Envoy that was cut short says nothing
      if (!verdict.ok) return verdict;
    }
    return OPEN;
  }

  async #waiting(look: () => Promise<Verdict>, { active }: Crossing, stop: AbortSignal): Promise<Verdict> {
    const { clock, roster } = this.#deps;
    const { gatePollMs, gateTimeoutMs } = this.#settings.timing;
    const deadlineMs = clock.monotonicMs() + gateTimeoutMs;
    for (;;) {
      const verdict = await untilStop(look(), roster, stop);
      if (verdict === undefined) return closed('the agent is ending');
      if (verdict.ok || clock.monotonicMs() >= deadlineMs) return verdict;
      await roster.changed.within(() => !active.alive || stop.aborted, gatePollMs);
      if (!active.alive) return closed('the active Envoy has ended');
    }
  }

  /** By a new connection: an old one could be answered by an Envoy that drains. */
  async #live({ active }: Crossing): Promise<Verdict> {
    const admin = this.#adminOf(active);
    if (admin === undefined) return OPEN; // nobody can ask it any more; that it lives must do
    try {
      const info = await admin.serverInfo();
      if (isLive(info, active)) return OPEN;
      const epoch = info.restartEpoch ?? 'unknown';
      return closed(`the active Envoy is ${info.state} at epoch ${epoch}`, 'passing');
    } catch (error) {
      if (hasEnded(error)) return OPEN; // as without such a connection
      return closed(`the active Envoy does not answer: ${messageOf(error)}`, 'passing');
    }
  }

  async #alone({ force }: Crossing): Promise<Verdict> {
    if (this.#deps.roster.draining.length <= mostDraining(force)) return OPEN;
    return closed('an older Envoy still drains', 'passing');
  }

  async #untried({ prepared, force }: Crossing): Promise<Verdict> {
    if (force || prepared.repeats !== undefined) return OPEN;
    const fault = this.#deps.recipes.faultOf(prepared);
    return fault === undefined ? OPEN : closed(`unchanged since it failed: ${fault}`);
  }

  #sameProtocol({ active, prepared }: Crossing, stop: AbortSignal): Promise<Verdict> {
    const { binaryPath, binaryId } = prepared;
    const program = { ...this.#settings, binaryPath };
    return this.#versions.compare(program, binaryId, active.info?.hotRestartVersion, stop);
  }

  async #supplied({ active, trafficLost }: Crossing): Promise<Verdict> {
    if (trafficLost) return OPEN;
    const { xdsReady, certificateReady } = this.#deps;
    const closedOne = [xdsReady(active.generation), certificateReady()].find(({ ok }) => !ok);
    return closedOne === undefined ? OPEN : closed(closedOne.reason, 'passing');
  }

  async #accepted({ active, prepared }: Crossing, stop: AbortSignal): Promise<Verdict> {
    const { bootstrap, binaryPath } = prepared;
    const fault = await loadReportingFault(bootstrap, this.#deps.readText);
    if (fault !== undefined) return closed(fault, 'configuration');
    const listeners = this.#adminOf(active)
      ?.listeners()
      .catch(() => []);
    const known = (await untilStop(Promise.resolve(listeners), this.#deps.roster, stop)) ?? [];
    const ownAddresses = known.flatMap(({ addresses }) => addresses);
    const program = { ...this.#settings, binaryPath };
    const timeoutMs = this.#settings.timing.preflightTimeoutMs;
    return preflight(this.#deps, { program, bootstrap, ownAddresses, timeoutMs }, stop);
  }

  async #fitting({ active, force }: Crossing): Promise<Verdict> {
    if (force || !this.#settings.memoryCheck) return OPEN;
    const why = await this.#deps.lackOfMemory(active.pid);
    return why === undefined ? OPEN : closed(why, 'passing');
  }

  async #asManyWorkers({ active, prepared }: Crossing): Promise<Verdict> {
    const workers = workersOfNext(prepared.bootstrap.arguments.concurrency, active.info?.concurrency);
    return workers.ok ? OPEN : closed(workers.why);
  }

  /** No process of ours is starting, so a bit that is set was left by a dead one. */
  async #flagClear({ active }: Crossing): Promise<Verdict> {
    if ((await this.#deps.flag.repair(active)) === 'clear') return OPEN;
    return closed('the shared memory region is not usable: not possible until a cold restart');
  }

  #adminOf(active: Epoch): AdminClient | undefined {
    return active.adminLost ? active.lifeline?.admin : this.#deps.admin.fresh;
  }
}
