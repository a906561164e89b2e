// A supervisor through a random life: requests, deaths, hangs, good and bad configurations, upgrades, the end. What
// may happen in a step, and what it does to the model; what must hold after it is in life-invariants.ts.

import type { ShutdownConfig } from '../../../src/config/shutdown-config.ts';
import type { Exit } from '../../../src/runtime/spawn.ts';
import { DEFAULT_TIMING } from '../../../src/envoy/settings.ts';
import type { EndedEpoch } from '../../../src/envoy/snapshot.ts';
import { EnvoySupervisor, type EnvoyEnd } from '../../../src/envoy/supervisor.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';
import { EnvoyWorld, NO_BINARIES } from './envoy-world.ts';
import { KILLED, type Behaviour, type ModelEnvoy } from './model-envoy.ts';
import { argumentSettings, envoySettings, writtenBootstrap } from './settings.ts';
import { StepClock } from '../../support/step-clock.ts';

/** What becomes of an Envoy that is started with a configuration. */
export const FATES = {
  good: {},
  slow: { liveAfterMs: 4000 },
  refused: {},
  skipping: {},
  'fails early': { takesAdmin: false, ends: { afterMs: 30, exit: { code: 1, signal: null } } },
  'fails late': { liveAfterMs: undefined, ends: { afterMs: 46, exit: { code: 1, signal: null } } },
  'crashes early': { takesAdmin: false, ends: { afterMs: 20, exit: { code: null, signal: 'SIGSEGV' } } },
  'crashes late': { liveAfterMs: undefined, ends: { afterMs: 46, exit: { code: null, signal: 'SIGSEGV' } } },
  'ends with 0': { liveAfterMs: undefined, ends: { afterMs: 46, exit: { code: 0, signal: null } } },
  hangs: { liveAfterMs: undefined },
  'dies unseen': { ends: { afterMs: 60, exit: { code: null, signal: 'SIGSEGV' } } },
  'dies soon': { ends: { afterMs: 1500, exit: { code: null, signal: 'SIGSEGV' } } },
  unrendered: {},
} as const satisfies Record<string, Behaviour>;

export type Fate = keyof typeof FATES;
export type Who = 'active' | 'candidate' | 'draining';
export type Toggle = 'control plane' | 'certificate' | 'memory' | 'region';

export type Event =
  | { readonly kind: 'wait' }
  | { readonly kind: 'restart'; readonly ifChanged: boolean; readonly force: boolean }
  | { readonly kind: 'configure'; readonly fate: Fate; readonly fewerWorkers: boolean }
  | { readonly kind: 'end'; readonly who: Who; readonly exit: Exit }
  | { readonly kind: 'stick'; readonly who: Who }
  | { readonly kind: 'upgrade'; readonly compatible: boolean }
  | { readonly kind: 'toggle'; readonly what: Toggle }
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' };

export interface Step {
  readonly event: Event;
  /** Time that passes after it, milliseconds. */
  readonly thenMs: number;
}

/** What is not the default in a life. */
export interface LifeSettings {
  readonly shutdown: ShutdownConfig;
  /** At how many looks connections are open; Infinity: always. */
  readonly openLooks: number;
}

interface Configuration {
  readonly number: number;
  readonly fate: Fate;
  readonly concurrency: number;
}

export class RandomLife {
  readonly clock = new StepClock();
  readonly world = new EnvoyWorld(this.clock);
  readonly recorded: RecordingLog = recordingLog();
  readonly ended: EndedEpoch[] = [];
  readonly supervisor: EnvoySupervisor;
  /** Set when `run` has returned or thrown. */
  end: EnvoyEnd | Error | undefined;
  /** A restart was forced at some time: three Envoys may be alive. */
  forced = false;
  /** How many Envoys had been started when a drain was asked for; undefined: none was, or nothing follows from it. */
  startedAtDrain: number | undefined;
  answers = { asked: 0, given: 0 };
  /** Bootstraps that were written and not removed. */
  readonly files = new Set<string>();
  /** An Envoy was stopped at some time. */
  stuckOnce = false;
  readonly settings: LifeSettings;
  /** Monotonic milliseconds of the signal, and of what `run` came to. */
  stoppedAtMs: number | undefined;
  endedAtMs: number | undefined;
  readonly #stop = new AbortController();
  readonly #written = new Map<string, Configuration>();
  readonly #off = new Set<Toggle>();
  #configuration: Configuration = { number: 0, fate: 'good', concurrency: 2 };

  constructor(settings: LifeSettings) {
    this.settings = settings;
    let looks = 0;
    this.world.stats = () => {
      looks += 1;
      return `listener.0.0.0.0_15006.downstream_cx_active: ${looks > settings.openLooks ? 0 : 1}\n`;
    };
    this.world.behave = (_, { args }) => FATES[this.#fateOf(args)];
    this.world.check = (args) => this.#check(args);
    this.supervisor = this.#supervisor();
    const ended = (end: EnvoyEnd | Error): void => {
      this.end = end;
      this.endedAtMs = this.clock.monotonicMs();
    };
    void this.supervisor.run(this.#stop.signal).then(ended, ended);
  }

  get stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  async take({ event, thenMs }: Step): Promise<void> {
    this.#happen(event);
    await this.clock.advance(thenMs);
  }

  /** Has it end in order, and lets two minutes pass. */
  async finish(): Promise<void> {
    this.#sendStop();
    await this.clock.advance(120_000);
  }

  #happen(event: Event): void {
    switch (event.kind) {
      case 'wait':
        return;
      case 'restart':
        return this.#restart(event.ifChanged, event.force);
      case 'configure':
        this.#configuration = {
          number: this.#configuration.number + 1,
          fate: event.fate,
          concurrency: event.fewerWorkers ? 1 : 2,
        };
        return;
      case 'end':
        return this.#one(event.who)?.end(event.exit);
      case 'stick':
        return this.#stick(this.#one(event.who));
      case 'upgrade':
        this.world.binaryId = `${event.compatible ? 'good' : 'other'}-${this.world.envoys.length}`;
        return;
      case 'toggle':
        return this.#toggle(event.what);
      case 'drain':
        if (this.settings.shutdown.nativeSidecarDrain && !this.stopping)
          this.startedAtDrain ??= this.world.envoys.length;
        void this.supervisor.drain().catch(() => undefined); // nobody may answer just now
        return;
      case 'stop':
        return this.#sendStop();
    }
  }

  #sendStop(): void {
    this.stoppedAtMs ??= this.clock.monotonicMs();
    this.#stop.abort(new Error('received signal: terminated'));
  }

  #restart(ifChanged: boolean, force: boolean): void {
    this.forced ||= force;
    this.answers.asked += 1;
    void this.supervisor.restart('test', { ifChanged, force }).then(() => (this.answers.given += 1));
  }

  #one(who: Who): ModelEnvoy | undefined {
    const { active, candidate, draining } = this.supervisor.snapshot();
    const pid = { active, candidate, draining: draining[0] }[who]?.pid;
    return this.world.alive.find((envoy) => envoy.pid === pid);
  }

  /** For a while. */
  #stick(envoy: ModelEnvoy | undefined): void {
    if (envoy === undefined) return;
    envoy.stuck = true;
    this.stuckOnce = true;
    void this.clock.sleep(15_000, new AbortController().signal).then(() => (envoy.stuck = false));
  }

  #toggle(what: Toggle): void {
    if (!this.#off.delete(what)) this.#off.add(what);
    this.world.lackOfMemory = this.#off.has('memory') ? 'no memory' : undefined;
    this.world.damaged = this.#off.has('region');
  }

  #fateOf(args: readonly string[]): Fate {
    return this.#written.get(args[args.indexOf('-c') + 1] ?? '')?.fate ?? 'good';
  }

  #check(args: readonly string[]): { readonly code: number; readonly stderr: string } {
    if (args.includes('--hot-restart-version')) {
      return { code: 0, stderr: this.world.binaryId.startsWith('other') ? '12.104' : '11.104' };
    }
    const fate = this.#fateOf(args);
    if (fate === 'refused') return { code: 1, stderr: 'unknown field\n' };
    const skips = fate === 'skipping' && args.includes('init_only');
    return { code: 0, stderr: skips ? 'Skipping initialization of secondary cluster\n' : '' };
  }

  #supervisor(): EnvoySupervisor {
    const ready = (what: Toggle) => ({ ok: !this.#off.has(what), reason: `no ${what}` });
    return new EnvoySupervisor(
      {
        clock: this.clock,
        spawn: this.world.spawn,
        log: this.recorded.log,
        random: () => 0.5,
        output: () => undefined,
        writeBootstrap: async (launch) => {
          const configuration = this.#configuration;
          if (configuration.fate === 'unrendered') throw new Error('no such template');
          const { number, concurrency } = configuration;
          const changes = { hash: String(number), arguments: argumentSettings({ concurrency }) };
          return writtenBootstrap(launch, ({ epoch }) => this.#write(epoch, configuration), changes);
        },
        removeBootstrap: (path) => Promise.resolve(void this.files.delete(path)),
        xdsReady: () => ready('control plane'),
        certificateReady: () => ready('certificate'),
        observer: { restarted: () => undefined, ended: (epoch) => void this.ended.push(epoch) },
        fileIdentity: (path) => Promise.resolve(this.world.fileIdentity(path)),
        readText: () => Promise.resolve('{}'),
        lackOfMemory: () => Promise.resolve(this.world.lackOfMemory),
        countSockets: (pid) => Promise.resolve(this.world.sockets(pid)),
        admin: this.world.access,
        memory: this.world.memory,
        binaries: NO_BINARIES,
      },
      envoySettings({
        timing: { ...DEFAULT_TIMING, livePollMs: 200 },
        shutdown: this.settings.shutdown,
      }),
    );
  }

  #write(epoch: number, configuration: Configuration): string {
    const path = `envoy-rev${epoch}.json`;
    this.#written.set(path, configuration);
    this.files.add(path);
    return path;
  }
}

export { KILLED };
