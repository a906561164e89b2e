// One Envoy of envoy-world.ts: what it does by itself, to its parent, and when it is asked or signalled.

import { PassThrough } from 'node:stream';

import type { Child, Command, Exit } from '../../../src/runtime/spawn.ts';
import type { EnvoyWorld } from './envoy-world.ts';

/** How one Envoy behaves; by default it is LIVE 50 ms after its start and stays. */
export interface Behaviour {
  /** Undefined: never. */
  readonly liveAfterMs?: number | undefined;
  /** SIGTERM does nothing. */
  readonly ignoresTerm?: boolean;
  /** Ends by itself, this long after its start. */
  readonly ends?: { readonly afterMs: number; readonly exit: Exit; readonly stderr?: string };
  /** False: fails before it takes the admin port from its parent. */
  readonly takesAdmin?: boolean;
}

/** Measured: a start that fails over the region or the sockets, and the moment the parent gives its admin port away. */
const EARLY_END_MS = 35;
const ADMIN_TAKEN_AFTER_MS = 40;
/** Ten attempts to reach a parent that is gone, one per second. */
const PARENT_RETRIES_MS = 10_000;
const STUCK_POLL_MS = 500;

export const KILLED: Exit = { code: null, signal: 'SIGKILL' };
const ABORTED: Exit = { code: null, signal: 'SIGABRT' };
const failed = (code: number): Exit => ({ code, signal: null });

export class ModelEnvoy implements Child {
  readonly pid: number;
  readonly args: readonly string[];
  readonly env: Command['env'];
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly signals: NodeJS.Signals[] = [];
  readonly exited: Promise<Exit>;
  readonly binaryId: string | undefined;
  /** Fake time of its start, milliseconds. */
  readonly startedMs: number;
  /** It had one when it was started. */
  readonly hadParent: boolean;
  exit: Exit | undefined;
  live = false;
  /** Its child is LIVE: it has closed its listeners and finishes what it has. */
  draining = false;
  /** Stopped by SIGSTOP: answers nobody. */
  stuck = false;
  readonly #world: EnvoyWorld;
  readonly #behaviour: Behaviour;
  readonly #gone = Promise.withResolvers<Exit>();
  readonly #timers = new AbortController();
  readonly #parent: ModelEnvoy | undefined;

  constructor(world: EnvoyWorld, command: Command, behaviour: Behaviour, pid: number) {
    this.#world = world;
    this.#behaviour = behaviour;
    this.args = command.args;
    this.env = command.env;
    this.binaryId = world.fileIdentity(command.file);
    this.pid = pid;
    this.startedMs = world.clock.monotonicMs();
    this.exited = this.#gone.promise;
    this.#parent = this.#line().find((other) => other.epoch === this.epoch - 1);
    this.hadParent = this.#parent !== undefined;
  }

  get epoch(): number {
    return Number(this.flag('--restart-epoch') ?? 0);
  }

  /** Undefined: hot restart is off. */
  get baseId(): number | undefined {
    const text = this.flag('--base-id');
    return text === undefined ? undefined : Number(text);
  }

  get parent(): ModelEnvoy | undefined {
    return this.#parent;
  }

  flag(name: string): string | undefined {
    const at = this.args.indexOf(name);
    return at < 0 ? undefined : this.args[at + 1];
  }

  start(): void {
    const { liveAfterMs, ends, takesAdmin } = { liveAfterMs: 50, ...this.#behaviour };
    if (this.#isRefused()) return;
    if (this.baseId !== undefined) this.#world.setFlag(this.baseId, 'initializing');
    if (ends !== undefined) this.#after(ends.afterMs, () => this.end(ends.exit, ends.stderr));
    if (takesAdmin === false) return;
    this.#after(ADMIN_TAKEN_AFTER_MS, () => this.#takeAdmin());
    if (liveAfterMs !== undefined) this.#after(liveAfterMs, () => this.#goLive());
  }

  answer(path: string): string {
    if (path.startsWith('/listeners')) {
      const names = this.#world.listeners(this.#world.envoys.indexOf(this));
      return JSON.stringify({ listener_statuses: names.map((name) => ({ name })) });
    }
    if (path.startsWith('/config_dump')) {
      const names = this.#world.staticListeners(this.#world.envoys.indexOf(this));
      return JSON.stringify({ configs: names.map((name) => ({ listener: { name } })) });
    }
    if (path !== '/server_info') return 'OK\n';
    const options = {
      restart_epoch: this.epoch,
      base_id: this.flag('--base-id') ?? '0',
      concurrency: Number(this.flag('--concurrency') ?? 4),
    };
    const state = this.live ? 'LIVE' : 'INITIALIZING';
    return JSON.stringify({ state, hot_restart_version: '11.104', command_line_options: options });
  }

  signal(name: NodeJS.Signals): boolean {
    if (this.exit !== undefined) return false;
    this.signals.push(name);
    this.#world.noteSignal(this, name);
    if (name === 'SIGKILL') this.end(KILLED);
    else if (!this.#behaviour.ignoresTerm && !this.stuck) this.end(failed(0));
    return true;
  }

  /** An end with code 0 takes the parent along. */
  end(exit: Exit, stderr = ''): void {
    if (this.exit !== undefined) return;
    this.exit = exit;
    this.#timers.abort();
    if (this.#world.admin === this) this.#world.admin = undefined;
    this.stderr.end(stderr);
    this.stdout.end();
    this.#gone.resolve(exit);
    if (exit.code === 0) this.#parent?.end(failed(0));
  }

  /** What stands in its way from the start: the sockets of its number, or a bit that is still set. */
  #isRefused(): boolean {
    const { baseId } = this;
    if (baseId === undefined) return false;
    const id = `base_id=${baseId * 10}, id=${this.epoch % 3}`;
    if (this.#line().some((other) => other.epoch % 3 === this.epoch % 3)) {
      const stderr = `unable to bind domain socket with ${id}, errno=98 (see --base-id option)\n`;
      this.#after(EARLY_END_MS, () => this.end(failed(1), stderr));
    } else if (this.epoch > 0 && this.#world.flagOf(baseId) === 'initializing') {
      const stderr = 'previous envoy process is still initializing\n';
      this.#after(EARLY_END_MS, () => this.end(failed(1), stderr));
    } else return false;
    return true;
  }

  #takeAdmin(): void {
    const { admin } = this.#world;
    const parent = this.#parent;
    if (this.epoch > 0 && parent?.exit !== undefined) return this.#parentIsGone();
    if (parent?.stuck) return this.#after(STUCK_POLL_MS, () => this.#takeAdmin());
    if (admin !== undefined && admin !== parent && admin.parent !== parent) {
      this.end(failed(1), "cannot bind '127.0.0.1:15000': Address already in use\n");
      return;
    }
    parent?.parent?.end(failed(0)); // the parent ends its own when its child starts
    this.#world.admin = this;
  }

  #goLive(): void {
    if (this.#parent !== undefined && this.#parent.exit !== undefined) return this.#parentIsGone();
    if (this.#world.admin !== this) return this.#after(STUCK_POLL_MS, () => this.#goLive());
    this.live = true;
    if (this.baseId !== undefined) this.#world.setFlag(this.baseId, 'clear');
    if (this.#parent === undefined) return;
    this.#parent.draining = true;
    const shutdownMs = Number(this.flag('--parent-shutdown-time-s') ?? 0) * 1000;
    this.#after(shutdownMs, () => this.#endParent());
  }

  #endParent(): void {
    const parent = this.#parent;
    if (parent === undefined) return;
    if (parent.exit === undefined) parent.end(failed(0));
    else if (parent.exit.code !== 0) this.#parentIsGone();
  }

  #parentIsGone(): void {
    this.#after(PARENT_RETRIES_MS, () => this.end(ABORTED));
  }

  /** Others that are alive with this base id. */
  #line(): readonly ModelEnvoy[] {
    const { baseId } = this;
    if (baseId === undefined) return [];
    return this.#world.alive.filter((other) => other !== this && other.baseId === baseId);
  }

  #after(ms: number, action: () => void): void {
    this.#world.clock.sleep(ms, this.#timers.signal).then(action, () => undefined); // aborted: it has ended
  }
}
