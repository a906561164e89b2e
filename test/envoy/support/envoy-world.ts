// Envoys as a model in fake time: the supervisor's spawn, admin and shared memory seams, with the rules of
// Envoy's hot restart behind them. Real processes are covered by fixtures/fake-envoy and by the e2e tests.

import { PassThrough } from 'node:stream';

import { AdminClient, AdminUnreachable, type AdminReply } from '../../../src/envoy/admin/admin-client.ts';
import { LifelineEnded } from '../../../src/envoy/admin/lifeline.ts';
import type { BinaryKeeper } from '../../../src/envoy/process/held-binaries.ts';
import type { AdminAccess } from '../../../src/envoy/process/launcher.ts';
import type { FlagState, SharedMemory } from '../../../src/envoy/memory/shared-memory.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { Child, Command, Spawn } from '../../../src/runtime/spawn.ts';
import { ModelEnvoy, type Behaviour } from './model-envoy.ts';

/** What the real client waits for an answer. */
const ADMIN_TIMEOUT_MS = 2000;

export interface SentSignal {
  readonly envoy: ModelEnvoy;
  readonly name: NodeJS.Signals;
  readonly atMs: number;
  /** At that moment. */
  readonly live: boolean;
  readonly draining: boolean;
}

export interface CheckResult {
  readonly code: number;
  readonly stderr: string;
  /** It was killed instead. */
  readonly signal?: NodeJS.Signals;
}

export class EnvoyWorld {
  /** Every Envoy that was started to serve, in order. */
  readonly envoys: ModelEnvoy[] = [];
  /** Every signal the supervisor sent to one of them, in order. */
  readonly sent: SentSignal[] = [];
  /** Paths of every POST, in order. */
  readonly posts: string[] = [];
  /** Behaviour of the nth Envoy, from 0. */
  behave: (index: number, command: Command) => Behaviour = () => ({});
  /** What a run of `--mode` or `--hot-restart-version` prints on standard error, and its exit code. */
  check: (args: readonly string[]) => CheckResult = (args) =>
    args.includes('--hot-restart-version') ? { code: 0, stderr: '11.104' } : { code: 0, stderr: '' };
  /** Body of the stats answer. */
  stats: () => string = () => '';
  /** Connections the kernel knows of. */
  sockets: (pid: number) => number = () => 0;
  /** Names of every Envoy's listeners, by its index; then of those that its bootstrap has. */
  listeners: (index: number) => readonly string[] = () => [];
  staticListeners: (index: number) => readonly string[] = () => [];
  /** Lifelines opened so far; those up to number `broken` are not answered any more. */
  lifelines = 0;
  broken = 0;
  /** Who owns the admin port. */
  admin: ModelEnvoy | undefined;
  /** Which file the binary is; another one: it was replaced. */
  binaryId = 'first';
  /** Why a second Envoy does not fit. */
  lackOfMemory: string | undefined;
  /** The bit of a region cannot be cleared. */
  damaged = false;
  baseIds = 0;
  /** Base ids whose region was removed. */
  readonly unlinked: number[] = [];
  readonly clock: Clock;
  readonly #flags = new Map<number, FlagState>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  readonly spawn: Spawn = (command) => {
    const serves = !command.args.includes('--mode') && !command.args.includes('--hot-restart-version');
    if (!serves) return Promise.resolve(finished(this.check(command.args)));
    const behaviour = this.behave(this.envoys.length, command);
    const envoy = new ModelEnvoy(this, command, behaviour, 1000 + this.envoys.length);
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
      if (envoy === undefined) return Promise.reject(refused());
      const close = (): Promise<void> => Promise.resolve();
      const admin = new AdminClient((method, path) =>
        mine > this.broken ? this.#ask(envoy, method, path) : Promise.reject(ended()),
      );
      return Promise.resolve({ admin, close, [Symbol.asyncDispose]: close });
    },
  };

  readonly memory: SharedMemory = {
    unusable: () => Promise.resolve(undefined),
    freeBaseId: () => Promise.resolve((this.baseIds += 1)),
    flag: (baseId) => Promise.resolve(this.flagOf(baseId)),
    repair: (baseId) => {
      if (!this.damaged) this.setFlag(baseId, 'clear');
      return Promise.resolve(this.flagOf(baseId));
    },
    unlink: (baseId) => Promise.resolve(void this.unlinked.push(baseId)),
  };

  /** Envoys that have not ended. */
  get alive(): readonly ModelEnvoy[] {
    return this.envoys.filter((envoy) => envoy.exit === undefined);
  }

  /** Of the newest line. */
  get flag(): FlagState {
    return this.flagOf(this.envoys.at(-1)?.baseId ?? 0);
  }

  set flag(state: FlagState) {
    this.setFlag(this.envoys.at(-1)?.baseId ?? 0, state);
  }

  flagOf(baseId: number): FlagState {
    return this.#flags.get(baseId) ?? 'unknown';
  }

  setFlag(baseId: number, state: FlagState): void {
    this.#flags.set(baseId, state);
  }

  /** A process goes on running the file it was started from. */
  fileIdentity(path: string): string | undefined {
    const [, pid] = /^\/proc\/(\d+)\/exe$/.exec(path) ?? [];
    if (pid === undefined) return this.binaryId;
    return this.alive.find((envoy) => envoy.pid === Number(pid))?.binaryId;
  }

  noteSignal(envoy: ModelEnvoy, name: NodeJS.Signals): void {
    const { live, draining } = envoy;
    this.sent.push({ envoy, name, atMs: this.clock.monotonicMs(), live, draining });
  }

  async #ask(envoy: ModelEnvoy | undefined, method: string, path: string): Promise<AdminReply> {
    if (envoy?.stuck) {
      await this.#timeOut(envoy);
      throw new AdminUnreachable('no answer in time');
    }
    if (envoy === undefined || envoy.exit !== undefined) throw refused();
    if (method === 'POST') this.posts.push(path);
    return { status: 200, body: path.startsWith('/stats') ? this.stats() : envoy.answer(path) };
  }

  /** The client gives up, or the end of the process resets its connections. */
  async #timeOut(envoy: ModelEnvoy): Promise<void> {
    const gone = new AbortController();
    void envoy.exited.then(() => gone.abort());
    await this.clock.sleep(ADMIN_TIMEOUT_MS, gone.signal).catch(() => undefined); // it has ended
  }
}

/** Models have no file that could be held. */
export const NO_BINARIES: BinaryKeeper = {
  hold: () => undefined,
  pathOf: () => undefined,
  close: () => Promise.resolve(),
};

/** Nobody listens. */
function refused(): AdminUnreachable {
  return new AdminUnreachable('refused', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
}

/** The kept connection broke. */
function ended(): AdminUnreachable {
  return new AdminUnreachable('ended', { cause: new LifelineEnded('it broke') });
}

/** A process that has printed and ended before anybody looks. */
function finished({ code, stderr, signal }: CheckResult): Child {
  const [out, err] = [new PassThrough(), new PassThrough()];
  out.end();
  err.end(stderr);
  return {
    pid: 1,
    stdout: out,
    stderr: err,
    exited: Promise.resolve(signal === undefined ? { code, signal: null } : { code: null, signal }),
    signal: () => false,
  };
}
