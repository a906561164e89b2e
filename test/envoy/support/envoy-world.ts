// Envoys as a model in fake time: the supervisor's spawn, admin and shared memory seams, with the rules of
// Envoy's hot restart behind them. Real processes are covered by fixtures/fake-envoy and by the e2e tests.

import { PassThrough } from 'node:stream';

import { AdminClient, AdminUnreachable, type AdminReply } from '../../../src/envoy/admin-client.ts';
import type { AdminAccess } from '../../../src/envoy/launcher.ts';
import type { FlagState, SharedMemory } from '../../../src/envoy/shared-memory.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { Child, Command, Exit, Spawn } from '../../../src/runtime/spawn.ts';

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

const ADMIN_TAKEN_AFTER_MS = 40;

export class EnvoyWorld {
  /** Every Envoy that was started to serve, in order. */
  readonly envoys: ModelEnvoy[] = [];
  /** Paths of every POST, in order. */
  readonly posts: string[] = [];
  /** Behaviour of the nth Envoy, from 0. */
  behave: (index: number) => Behaviour = () => ({});
  /** What a run of `--mode` or `--hot-restart-version` prints on standard error, and its exit code. */
  check: (args: readonly string[]) => { readonly code: number; readonly stderr: string } = (args) =>
    args.includes('--hot-restart-version') ? { code: 0, stderr: '11.104' } : { code: 0, stderr: '' };
  /** Body of the stats answer. */
  stats: () => string = () => '';
  /** Names of every Envoy's listeners, by its index. */
  listeners: (index: number) => readonly string[] = () => [];
  /** Lifelines opened so far; those up to number `broken` are not answered any more. */
  lifelines = 0;
  broken = 0;
  admin: ModelEnvoy | undefined;
  /** Which file the binary is; another one: it was replaced. */
  binaryId = 'first';
  /** Why a second Envoy does not fit. */
  lackOfMemory: string | undefined;
  flag: FlagState = 'clear';
  baseIds = 0;
  /** Base ids whose region was removed. */
  readonly unlinked: number[] = [];
  readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  readonly spawn: Spawn = (command) => {
    const serves = !command.args.includes('--mode') && !command.args.includes('--hot-restart-version');
    if (!serves) return Promise.resolve(finished(this.check(command.args)));
    const envoy = new ModelEnvoy(this, command, this.behave(this.envoys.length), 1000 + this.envoys.length);
    this.envoys.push(envoy);
    envoy.start();
    return Promise.resolve(envoy);
  };

  readonly access: AdminAccess = {
    fresh: new AdminClient((method, path) => this.#ask(this.admin, method, path)),
    openLifeline: () => {
      const envoy = this.admin;
      this.lifelines += 1;
      const mine = this.lifelines;
      if (envoy === undefined) return Promise.reject(new AdminUnreachable('refused'));
      const close = (): Promise<void> => Promise.resolve();
      const admin = new AdminClient((method, path) =>
        this.#ask(mine > this.broken ? envoy : undefined, method, path),
      );
      return Promise.resolve({ admin, close, [Symbol.asyncDispose]: close });
    },
  };

  /** A process goes on running the file it was started from. */
  fileIdentity(path: string): string | undefined {
    const [, pid] = /^\/proc\/(\d+)\/exe$/.exec(path) ?? [];
    if (pid === undefined) return this.binaryId;
    return this.alive.find((envoy) => envoy.pid === Number(pid))?.binaryId;
  }

  readonly memory: SharedMemory = {
    unusable: () => Promise.resolve(undefined),
    freeBaseId: () => Promise.resolve((this.baseIds += 1)),
    flag: () => Promise.resolve(this.flag),
    repair: () => Promise.resolve((this.flag = 'clear')),
    unlink: (baseId) => Promise.resolve(void this.unlinked.push(baseId)),
  };

  /** Envoys that have not ended. */
  get alive(): readonly ModelEnvoy[] {
    return this.envoys.filter((envoy) => envoy.exit === undefined);
  }

  #ask(envoy: ModelEnvoy | undefined, method: string, path: string): Promise<AdminReply> {
    if (envoy === undefined || envoy.exit !== undefined) return Promise.reject(refused());
    if (method === 'POST') this.posts.push(path);
    return Promise.resolve({
      status: 200,
      body: path.startsWith('/stats') ? this.stats() : envoy.answer(path),
    });
  }
}

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
  exit: Exit | undefined;
  live = false;
  readonly #world: EnvoyWorld;
  readonly #behaviour: Behaviour;
  readonly #gone = Promise.withResolvers<Exit>();
  readonly #timers = new AbortController();
  #parent: ModelEnvoy | undefined;

  constructor(world: EnvoyWorld, command: Command, behaviour: Behaviour, pid: number) {
    this.#world = world;
    this.#behaviour = behaviour;
    this.args = command.args;
    this.env = command.env;
    this.binaryId = world.fileIdentity(command.file);
    this.pid = pid;
    this.startedMs = world.clock.monotonicMs();
    this.exited = this.#gone.promise;
  }

  get epoch(): number {
    return Number(this.flag('--restart-epoch') ?? 0);
  }

  flag(name: string): string | undefined {
    const at = this.args.indexOf(name);
    return at < 0 ? undefined : this.args[at + 1];
  }

  start(): void {
    const { liveAfterMs, ends, takesAdmin } = { liveAfterMs: 50, ...this.#behaviour };
    const baseId = this.flag('--base-id');
    this.#parent = this.#world.alive.find((other) => other !== this && other.flag('--base-id') === baseId);
    this.#world.flag = 'initializing';
    if (takesAdmin !== false) this.#after(ADMIN_TAKEN_AFTER_MS, () => (this.#world.admin = this));
    if (liveAfterMs !== undefined) this.#after(liveAfterMs, () => this.#goLive());
    if (ends) this.#after(ends.afterMs, () => this.end(ends.exit, ends.stderr));
  }

  answer(path: string): string {
    if (path.startsWith('/listeners')) {
      const names = this.#world.listeners(this.#world.envoys.indexOf(this));
      return JSON.stringify({ listener_statuses: names.map((name) => ({ name })) });
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
    if (name === 'SIGKILL') this.end({ code: null, signal: 'SIGKILL' });
    else if (!this.#behaviour.ignoresTerm) this.end({ code: 0, signal: null });
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
    if (exit.code === 0) this.#parent?.end({ code: 0, signal: null });
  }

  #goLive(): void {
    this.live = true;
    this.#world.flag = 'clear';
    const shutdownMs = Number(this.flag('--parent-shutdown-time-s') ?? 0) * 1000;
    if (this.#parent) this.#after(shutdownMs, () => this.#parent?.end({ code: 0, signal: null }));
  }

  #after(ms: number, action: () => void): void {
    this.#world.clock.sleep(ms, this.#timers.signal).then(action, () => undefined); // aborted: it has ended
  }
}

/** Nobody listens. */
function refused(): AdminUnreachable {
  return new AdminUnreachable('refused', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
}

/** A process that has printed and ended before anybody looks. */
function finished({ code, stderr }: { readonly code: number; readonly stderr: string }): Child {
  const [out, err] = [new PassThrough(), new PassThrough()];
  out.end();
  err.end(stderr);
  return {
    pid: 1,
    stdout: out,
    stderr: err,
    exited: Promise.resolve({ code, signal: null }),
    signal: () => false,
  };
}
