// One Envoy process from spawn to exit: its output, its signals, its end as data. Which signals it may get and
// when is decided by the supervisor.

import type { Clock } from '../../runtime/clock.ts';
import { AgentError, errnoOf, messageOf } from '../../runtime/errors.ts';
import type { Child, Command, Exit, Spawn } from '../../runtime/spawn.ts';
import type { ServerInfo } from '../admin/admin-client.ts';
import type { Lifeline } from '../admin/lifeline.ts';
import { memoryKill, type CountOomKills, type MemoryKill } from '../memory/memory-kill.ts';
import { eachLine, leftover, LineTail } from './output.ts';
import type { WrittenBootstrap } from './written-bootstrap.ts';

/** Takes each line of Envoy's standard error, without the newline. Standard output is the agent's own. */
export type EnvoyOutput = (line: string) => void;

export interface EpochLaunch {
  /** `--restart-epoch`; 0 for every cold start. */
  readonly epoch: number;
  /** Number of this process among all Envoys the agent ever started, from 0. */
  readonly generation: number;
  /** Undefined: hot restart is off for this process. */
  readonly baseId: number | undefined;
  readonly configPath: string;
  readonly bootstrap: WrittenBootstrap;
  /** Which file the binary was when it was started; undefined: there was none. */
  readonly binaryId: string | undefined;
  /** Why it is started, for people. */
  readonly reason: string;
  readonly command: Command;
}

export interface EpochDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  readonly output: EnvoyOutput;
  readonly oomKills: CountOomKills;
}

export type EpochState = 'starting' | 'live' | 'draining' | 'terminating' | 'exited';

/** The process could not be started at all. Retryable unless the binary is missing or may not be run. */
export class SpawnFailed extends AgentError {}

export class Epoch {
  readonly launch: EpochLaunch;
  /** Monotonic milliseconds. */
  readonly startedAtMs: number;
  /** Resolves when the process is gone and all its output was passed on; never rejects. */
  readonly exited: Promise<Exit>;
  state: EpochState = 'starting';
  /** Monotonic milliseconds; undefined until LIVE. */
  liveAtMs: number | undefined;
  /** Monotonic milliseconds at which its child ends it; set when it begins to drain. */
  terminateDueMs: number | undefined;
  /** Monotonic milliseconds; undefined until it begins to drain. */
  drainingAtMs: number | undefined;
  /** Its child is gone: nobody but the supervisor will end it. */
  orphaned = false;
  /** Its parent ended before its time: Envoy aborts when it next speaks to it. */
  doomed = false;
  /** We sent it a signal, or asked it to end. */
  asked = false;
  exit: Exit | undefined;
  /** The Envoy it takes over from; undefined for a cold start. */
  parent: Epoch | undefined;
  /** Its last answer at the admin port; undefined until it has taken the port. */
  info: ServerInfo | undefined;
  /** It serves, but a candidate that failed has closed its admin port for good. */
  adminLost = false;
  /** Whether another Envoy could take over from it and have the admin port again. */
  repairable = true;
  /** Whether the kernel killed it for want of memory; undefined unless it ended by a SIGKILL that was not ours. */
  memoryKill: MemoryKill | undefined;
  lifeline: Lifeline | undefined;
  readonly #child: Child;
  readonly #stderr: LineTail;

  private constructor(launch: EpochLaunch, child: Child, deps: EpochDeps, oomKills: number | undefined) {
    this.launch = launch;
    this.startedAtMs = deps.clock.monotonicMs();
    this.#child = child;
    this.#stderr = new LineTail();
    const printed = eachLine(child.stderr, (line) => {
      this.#stderr.push(line);
      deps.output(line);
    });
    this.exited = this.#end(printed, deps, oomKills);
  }

  /** @throws SpawnFailed */
  static async start(launch: EpochLaunch, deps: EpochDeps): Promise<Epoch> {
    const oomKills = await deps.oomKills();
    try {
      return new Epoch(launch, await deps.spawn(launch.command), deps, oomKills);
    } catch (cause) {
      const retryable = !['ENOENT', 'EACCES', 'ENOEXEC'].includes(errnoOf(cause) ?? '');
      throw new SpawnFailed(`cannot start ${launch.command.file}: ${messageOf(cause)}`, { cause, retryable });
    }
  }

  get epoch(): number {
    return this.launch.epoch;
  }

  get generation(): number {
    return this.launch.generation;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.exit === undefined;
  }

  /** The last lines it wrote to standard error. */
  get stderrLines(): readonly string[] {
    return this.#stderr.lines;
  }

  /**
   * SIGTERM. Envoy ends its hot-restart parent too, so never for a candidate that has one.
   */
  terminate(): void {
    this.asked = true;
    this.state = 'terminating';
    this.#child.signal('SIGTERM');
  }

  /** SIGUSR1: Envoy opens its log files anew. Before it is live it has no handler, and would end. */
  reopenLogs(): void {
    this.#child.signal('SIGUSR1');
  }

  /** It serves now: for the kernel it is worth as much as the agent when memory runs out. */
  keep(): void {
    this.#child.keep?.();
  }

  /** SIGKILL: ends this process and tells nobody. */
  kill(): void {
    this.asked = true;
    this.#child.signal('SIGKILL');
  }

  async #end(printed: Promise<void>, { clock, oomKills }: EpochDeps, before?: number): Promise<Exit> {
    const exit = await this.#child.exited;
    await leftover(printed, clock);
    if (exit.signal === 'SIGKILL' && !this.asked) this.memoryKill = memoryKill(before, await oomKills());
    this.exit = exit;
    this.state = 'exited';
    await this.lifeline?.close();
    return exit;
  }
}

/** `exit code 1`, `signal SIGKILL`. */
export function describeExit(exit: Exit): string {
  return exit.signal === null ? `exit code ${exit.code ?? 'unknown'}` : `signal ${exit.signal}`;
}
