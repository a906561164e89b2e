// A supervisor over the model of envoy-world.ts, in fake time.

import type { RestartOutcome } from '../../../src/envoy/restart/restart-outcome.ts';
import type { RestartOptions } from '../../../src/envoy/restart/restart-requests.ts';
import type { EnvoySettings } from '../../../src/envoy/settings.ts';
import type { EnvoyDeps } from '../../../src/envoy/envoy-deps.ts';
import { EnvoySupervisor, type EnvoyEnd } from '../../../src/envoy/supervisor.ts';
import type { BootstrapLaunch } from '../../../src/envoy/process/written-bootstrap.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';
import { EnvoyWorld, NO_BINARIES } from './envoy-world.ts';
import type { Behaviour } from './model-envoy.ts';
import { envoySettings, writtenBootstrap, type Written } from './settings.ts';

export class ModelSupervisor {
  readonly clock = new FakeClock();
  readonly world = new EnvoyWorld(this.clock);
  readonly recorded: RecordingLog = recordingLog();
  /** What was written, and of which generation it is the content. */
  readonly launches: (BootstrapLaunch & { readonly contentOf: number })[] = [];
  readonly removed: string[] = [];
  /** What the configuration is from now on; undefined: it cannot be rendered. */
  configured: Partial<Written> | undefined = {};
  /** Of every restart asked for by `restart`, as they come. */
  readonly outcomes: RestartOutcome[] = [];
  readonly supervisor: EnvoySupervisor;
  /** Set when `run` has returned or thrown. */
  end: EnvoyEnd | Error | undefined;
  readonly #stop = new AbortController();

  constructor(settings: Partial<EnvoySettings> = {}, deps: Partial<EnvoyDeps> = {}) {
    const all: EnvoyDeps = {
      clock: this.clock,
      spawn: this.world.spawn,
      log: this.recorded.log,
      random: () => 0.5, // the middle: no jitter
      output: () => undefined,
      writeBootstrap: (launch) => {
        if (this.configured === undefined) return Promise.reject(new Error('no such template'));
        const contentOf = launch.generation;
        return writtenBootstrap(
          launch,
          (each) => {
            this.launches.push({ ...each, contentOf });
            return `envoy-rev${each.epoch}.json`;
          },
          this.configured,
        );
      },
      removeBootstrap: (path) => Promise.resolve(void this.removed.push(path)),
      xdsReady: () => ({ ok: true, reason: '' }),
      fileIdentity: (path) => Promise.resolve(this.world.fileIdentity(path)),
      binaries: NO_BINARIES,
      readText: () => Promise.resolve('{}'),
      lackOfMemory: () => Promise.resolve(this.world.lackOfMemory),
      countSockets: (pid) => Promise.resolve(this.world.sockets(pid)),
      admin: this.world.access,
      memory: this.world.memory,
      ...deps,
    };
    this.supervisor = new EnvoySupervisor(all, envoySettings(settings));
  }

  /** Starts, and lets the first Envoy come up, or fail. */
  async start(behave: (index: number) => Behaviour = () => ({})): Promise<void> {
    this.world.behave = behave;
    void this.supervisor.run(this.#stop.signal).then(
      (end) => (this.end = end),
      (error: Error) => (this.end = error),
    );
    await this.pass(200);
  }

  /** Asks for a restart and lets `ms` pass. @returns what has come of it by then */
  async restart(ms: number, options: RestartOptions = {}): Promise<RestartOutcome | undefined> {
    let outcome: RestartOutcome | undefined;
    void this.supervisor.restart('test', options).then((result) => {
      outcome = result;
      this.outcomes.push(result);
    });
    await this.pass(ms);
    return outcome;
  }

  stop(): void {
    this.#stop.abort(new Error('received signal: terminated'));
  }

  /** Lets fake time pass in small steps, so that streams and promises keep up with it. */
  async pass(ms: number, stepMs = 50): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      for (let round = 0; round < 5; round += 1) await new Promise(setImmediate);
      await this.clock.tick(Math.min(stepMs, left));
    }
    for (let round = 0; round < 5; round += 1) await new Promise(setImmediate);
  }

  /** Ends it, so that nothing is left to a later test. */
  async finish(): Promise<void> {
    this.supervisor.skipDrain();
    this.stop();
    await this.pass(3000, 500);
  }
}
