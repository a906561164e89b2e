// From the decision to start an Envoy to a process that is LIVE: number it, have its bootstrap written, spawn
// it, watch it come up. Whether and when to start is decided elsewhere.

import type { Clock } from '../runtime/clock.ts';
import type { Spawn } from '../runtime/spawn.ts';
import type { AdminClient, ServerInfo } from './admin-client.ts';
import { envoyArguments } from './arguments.ts';
import { envoyCommand } from './command.ts';
import { Epoch, type EnvoyOutput } from './epoch.ts';
import type { Lifeline } from './lifeline.ts';
import type { Roster } from './roster.ts';
import type { EnvoySettings } from './settings.ts';
import type { BootstrapLaunch, WrittenBootstrap } from './written-bootstrap.ts';

/** How Envoy's admin port is reached. */
export interface AdminAccess {
  /** Each request on a connection of its own: answered by the Envoy that owns the port now. */
  readonly fresh: AdminClient;
  /** A kept connection to the Envoy that owns the port now. @throws AdminUnreachable */
  readonly openLifeline: () => Promise<Lifeline>;
}

export interface LauncherDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  readonly output: EnvoyOutput;
  readonly admin: AdminAccess;
  readonly roster: Roster;
  /** Which file the binary is now; undefined: there is none. */
  readonly binaryId: () => Promise<string | undefined>;
  /** Writes the bootstrap of one Envoy; rejects when it cannot be rendered. */
  readonly writeBootstrap: (launch: BootstrapLaunch) => Promise<WrittenBootstrap>;
  readonly removeBootstrap: (path: string) => Promise<void>;
}

export interface LaunchPlan {
  readonly epoch: number;
  /** Undefined: hot restart is off. */
  readonly baseId: number | undefined;
  readonly reason: string;
  /** Have this written again, the last one that worked; undefined: the newest. */
  readonly repeats: WrittenBootstrap | undefined;
}

export interface PreparedLaunch extends LaunchPlan {
  readonly generation: number;
  readonly bootstrap: WrittenBootstrap;
  /** Which file the binary was; undefined: there was none. */
  readonly binaryId: string | undefined;
}

export type LiveResult = 'live' | 'exited' | 'expired';

export class Launcher {
  readonly #deps: LauncherDeps;
  readonly #settings: EnvoySettings;
  #nextGeneration = 0;

  constructor(deps: LauncherDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Numbers the process and has its bootstrap written. @throws what `writeBootstrap` rejects with */
  async prepare(plan: LaunchPlan): Promise<PreparedLaunch> {
    await this.#deps.roster.settled(); // the file of an ended Envoy may have the same name
    const launch = { epoch: plan.epoch, generation: this.#nextGeneration };
    const bootstrap = await (plan.repeats?.again(launch) ?? this.#deps.writeBootstrap(launch));
    const { generation } = launch;
    return { ...plan, generation, bootstrap, binaryId: await this.#deps.binaryId() };
  }

  /** Removes what `prepare` wrote for an Envoy that is not going to be started. */
  discard(prepared: PreparedLaunch): Promise<void> {
    return this.#deps.removeBootstrap(prepared.bootstrap.path);
  }

  /** @throws SpawnFailed */
  async start(prepared: PreparedLaunch): Promise<Epoch> {
    const { epoch, baseId, bootstrap } = prepared;
    const identity = baseId === undefined ? undefined : { epoch, baseId };
    const args = envoyArguments(bootstrap.arguments, bootstrap, identity);
    // as Envoy's own restarter does, for wrappers; an Envoy that takes nothing over has no epoch
    const added = identity === undefined ? undefined : { RESTART_EPOCH: String(epoch) };
    const command = envoyCommand(this.#settings, args, added);
    const { clock, spawn, output, roster } = this.#deps;
    const launch = { ...prepared, configPath: bootstrap.path, command };
    const started = await Epoch.start(launch, spawn, clock.monotonicMs(), output);
    this.#nextGeneration += 1;
    roster.addCandidate(started);
    return started;
  }

  /** Polls until the process is LIVE, has ended, or `expired` says to stop waiting. */
  async waitLive(epoch: Epoch, expired: () => boolean): Promise<LiveResult> {
    const { changed } = this.#deps.roster;
    while (epoch.alive) {
      if (isLive(await this.identify(), epoch) && epoch.alive) return 'live';
      if (expired()) return epoch.alive ? 'expired' : 'exited';
      await changed.within(() => !epoch.alive || expired(), this.#settings.timing.livePollMs);
    }
    return 'exited';
  }

  /** Who answers at the admin port now; undefined when nobody does. */
  async identify(): Promise<ServerInfo | undefined> {
    // refused or reset is normal while one Envoy takes the port from another
    return this.#deps.admin.fresh.serverInfo().catch(() => undefined);
  }
}

/** Whether it is this process that answers, and LIVE. */
export function isLive(info: ServerInfo | undefined, epoch: Epoch): boolean {
  if (info?.state !== 'LIVE' || info.restartEpoch !== epoch.epoch) return false;
  const { baseId } = epoch.launch;
  return baseId === undefined || info.baseId === undefined || info.baseId === baseId;
}
