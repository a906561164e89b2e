// From the decision to start an Envoy to a process that is LIVE: number it, have its bootstrap written, spawn
// it, watch it come up. Whether and when to start is decided elsewhere.

import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { AdminClient, ServerInfo } from '../admin/admin-client.ts';
import { envoyArguments } from './arguments.ts';
import { envoyCommand } from './command.ts';
import { Epoch, type EpochDeps } from './epoch.ts';
import type { BinaryKeeper } from './held-binaries.ts';
import type { Lifeline } from '../admin/lifeline.ts';
import { endingWithParent } from './parent-death.ts';
import type { Recipe } from './recipe.ts';
import type { Roster } from '../roster.ts';
import type { EnvoySettings } from '../settings.ts';
import type { BootstrapLaunch, WrittenBootstrap } from './written-bootstrap.ts';

/** How Envoy's admin port is reached. */
export interface AdminAccess {
  /** Each request on a connection of its own: answered by the Envoy that owns the port now. */
  readonly fresh: AdminClient;
  /** A kept connection to the Envoy that owns the port now. @throws AdminUnreachable */
  readonly openLifeline: () => Promise<Lifeline>;
}

export interface LauncherDeps extends EpochDeps {
  readonly log: Log;
  readonly admin: AdminAccess;
  readonly roster: Roster;
  readonly binaries: BinaryKeeper;
  /** Which file a path leads to now; undefined: none. */
  readonly fileIdentity: (path: string) => Promise<string | undefined>;
  /** Writes the bootstrap of one Envoy; rejects when it cannot be rendered. */
  readonly writeBootstrap: (launch: BootstrapLaunch) => Promise<WrittenBootstrap>;
  readonly removeBootstrap: (path: string) => Promise<void>;
}

export interface LaunchPlan {
  readonly epoch: number;
  /** Undefined: hot restart is off. */
  readonly baseId: number | undefined;
  readonly reason: string;
  /** The one it takes over from; undefined: a cold start. */
  readonly parent?: Epoch;
  /** Start another of these, the last one that worked; undefined: the newest. */
  readonly repeats: Recipe | undefined;
}

export interface PreparedLaunch extends LaunchPlan {
  readonly generation: number;
  readonly bootstrap: WrittenBootstrap;
  readonly binaryPath: string;
  /** Which file that is; undefined: there is none. */
  readonly binaryId: string | undefined;
  /** Worker threads, where they are not those of the configuration. */
  readonly concurrency?: number;
}

/** Envoy tells within milliseconds, or it hangs. */
const LAST_LOOK_MS = 500;

export type LiveResult = 'live' | 'exited' | 'expired';

export class Launcher {
  readonly #deps: LauncherDeps;
  readonly #settings: EnvoySettings;
  /** For an Envoy that would outlive the agent. */
  readonly #boundDeps: EpochDeps;
  #nextGeneration = 0;

  constructor(deps: LauncherDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#boundDeps = { ...deps, spawn: endingWithParent(deps) };
  }

  /** Numbers the process and has its bootstrap written. @throws what `writeBootstrap` rejects with */
  async prepare(plan: LaunchPlan): Promise<PreparedLaunch> {
    await this.#deps.roster.settled(); // the file of an ended Envoy may have the same name
    const launch = { epoch: plan.epoch, generation: this.#nextGeneration };
    const { repeats } = plan;
    const bootstrap = await (repeats?.bootstrap.again(launch) ?? this.#deps.writeBootstrap(launch));
    const binaryPath = await this.#binaryOf(repeats);
    const binaryId = await this.#deps.fileIdentity(binaryPath);
    return { ...plan, generation: launch.generation, bootstrap, binaryPath, binaryId };
  }

  /** After an upgrade of the file, the old one is still to be had from a process that runs it, or from us. */
  async #binaryOf(recipe: Recipe | undefined): Promise<string> {
    const { fileIdentity, roster, binaries } = this.#deps;
    const { binaryPath, user } = this.#settings;
    if (recipe === undefined || (await fileIdentity(binaryPath)) === recipe.binaryId) return binaryPath;
    for (const { pid } of roster.alive) {
      const running = `/proc/${pid}/exe`;
      if ((await fileIdentity(running)) === recipe.binaryId) return running;
    }
    // another user may not look at the files we have open
    return (user === undefined ? binaries.pathOf(recipe.binaryId) : undefined) ?? binaryPath;
  }

  /** Removes what `prepare` wrote for an Envoy that is not going to be started. */
  async discard({ bootstrap: { path } }: PreparedLaunch): Promise<void> {
    await this.#deps.removeBootstrap(path).catch((error: unknown) => {
      this.#deps.log.warn(`cannot remove ${path}: ${messageOf(error)}`); // a leftover file harms nobody
    });
  }

  /** @throws SpawnFailed */
  async start(prepared: PreparedLaunch): Promise<Epoch> {
    const { epoch, baseId, bootstrap, binaryPath, parent } = prepared;
    const identity = baseId === undefined ? undefined : { epoch, baseId };
    const { concurrency = bootstrap.arguments.concurrency } = prepared;
    const args = envoyArguments({ ...bootstrap.arguments, concurrency }, bootstrap, identity);
    // as Envoy's own restarter does, for wrappers; an Envoy that takes nothing over has no epoch
    const added = identity === undefined ? undefined : { RESTART_EPOCH: String(epoch) };
    const onTrial = parent !== undefined; // its parent serves on without it
    const command = { ...envoyCommand({ ...this.#settings, binaryPath }, args, added), onTrial };
    const { roster } = this.#deps;
    const launch = { ...prepared, configPath: bootstrap.path, command };
    this.#deps.log.info(`Envoy command: [${shown(args).join(' ')}]`);
    const started = await Epoch.start(launch, identity === undefined ? this.#boundDeps : this.#deps);
    this.#nextGeneration += 1;
    started.parent = parent;
    roster.addCandidate(started);
    return started;
  }

  /** Polls until the process is LIVE, has ended, or `expired` says to stop waiting. */
  async waitLive(epoch: Epoch, expired: () => boolean): Promise<LiveResult> {
    const { changed } = this.#deps.roster;
    while (epoch.alive) {
      const last = expired(); // looked at once more: it may have ended its parent just now
      const info = await this.#look(epoch, expired, last);
      if (isFrom(info, epoch)) epoch.info = info;
      if (isLive(info, epoch) && epoch.alive) {
        this.#deps.binaries.hold(this.#settings.binaryPath, epoch.launch.binaryId);
        return 'live';
      }
      if (last) return epoch.alive ? 'expired' : 'exited';
      await changed.within(() => !epoch.alive || expired(), this.#settings.timing.livePollMs);
    }
    return 'exited';
  }

  /** Who answers at the admin port, as long as that is worth waiting for. */
  async #look(epoch: Epoch, expired: () => boolean, last: boolean): Promise<ServerInfo | undefined> {
    const { changed } = this.#deps.roster;
    const gone = (): boolean => !epoch.alive;
    const answer = this.identify();
    if (last) return (await changed.outcome(answer, gone, LAST_LOOK_MS))?.value;
    for (;;) {
      const outcome = await changed.outcome(answer, gone, this.#settings.timing.livePollMs);
      if (outcome !== undefined || gone() || expired()) return outcome?.value;
    }
  }

  /** Who answers at the admin port now; undefined when nobody does. */
  async identify(): Promise<ServerInfo | undefined> {
    // refused or reset is normal while one Envoy takes the port from another
    return this.#deps.admin.fresh.serverInfo().catch(() => undefined);
  }
}

/** Without the text of the user's override, which may hold what is nobody else's business. */
function shown(args: readonly string[]): readonly string[] {
  return args.map((arg, at) => (args[at - 1] === '--config-yaml' ? `<${arg.length} characters>` : arg));
}

/** Whether it is this process that answers, and LIVE. */
export function isLive(info: ServerInfo | undefined, epoch: Epoch): boolean {
  return info?.state === 'LIVE' && isFrom(info, epoch);
}

function isFrom(info: ServerInfo | undefined, epoch: Epoch): boolean {
  if (info === undefined || info.restartEpoch !== epoch.epoch) return false;
  const { baseId } = epoch.launch;
  return baseId === undefined || info.baseId === undefined || info.baseId === baseId;
}
