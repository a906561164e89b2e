// One container of a pod, through all its runs: starts it, watches its probes, starts it again when its policy says so.

import type { Clock } from '../../../../../src/runtime/clock.ts';
import type { ContainerStatus, Finished } from '../contract.ts';
import type { NetworkTrial, TrialResult } from '../network/node-messages.ts';
import type { ContainerSpec, RestartPolicy } from '../pod-spec.ts';
import { type ActionPlace, runHook } from './actions.ts';
import type { EventLog } from './event-log.ts';
import { type WatchedRun, watchRun } from './run-watch.ts';
import { stopContainer, type StopReport } from './stopping.ts';

/** A run of a container, wherever it runs. */
export interface Run {
  readonly pid: number;
  readonly ended: Promise<{ readonly exitCode: number; readonly reason: string }>;
  readonly signal: (name: string) => Promise<void>;
  readonly exec: (command: readonly string[], signal?: AbortSignal) => Promise<Finished>;
}

export interface ContainerLifeDeps {
  readonly spec: ContainerSpec;
  /** Of this container: a sidecar's is `Always`. */
  readonly restartPolicy: RestartPolicy;
  readonly graceSeconds: number;
  readonly machine: Machine;
  readonly events: EventLog;
  readonly clock: Clock;
}

/** What containers of a pod are made of and asked by. */
export interface Machine {
  readonly podIp: string;
  readonly start: (container: ContainerSpec) => Promise<Run>;
  /** The signal that asks the container to end. */
  readonly stopSignal: (container: ContainerSpec) => Promise<string>;
  readonly tryFromNode: (trial: NetworkTrial) => Promise<TrialResult>;
}

/** What Kubernetes says of a container whose program could not be started. */
const START_ERROR = { exitCode: 128, reason: 'StartError' };

/** Wait of the second restart: shorter than Kubernetes' 10 s, which no test has time for. */
const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 300_000;

export class ContainerLife {
  readonly spec: ContainerSpec;
  readonly #deps: ContainerLifeDeps;
  /** Resolves when the first run is up and its postStart hook is done, well or not. */
  readonly #launched = Promise.withResolvers<void>();
  #status: ContainerStatus;
  #run: Run | undefined;
  #starting: Promise<unknown> = Promise.resolve();

  constructor(deps: ContainerLifeDeps) {
    this.spec = deps.spec;
    this.#deps = deps;
    this.#status = {
      name: deps.spec.name,
      state: 'waiting',
      exitCode: undefined,
      reason: 'PodInitializing',
      restarts: 0,
      ready: false,
      started: false,
    };
  }

  get status(): ContainerStatus {
    return this.#status;
  }

  /** @throws Error when it does not run */
  get running(): Run {
    if (this.#run === undefined) throw new Error(`the container ${this.spec.name} does not run`);
    return this.#run;
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  get launched(): Promise<void> {
    return this.#launched.promise;
  }

  /** Resolves when no start is under way. */
  async settled(): Promise<void> {
    await this.#starting;
  }

  /**
   * Runs the container, again and again if its policy says so.
   *
   * @param signal its abort means: start nothing more; who aborts also stops what runs
   * @returns the last exit code; undefined when it was aborted before the first start
   */
  async live(signal: AbortSignal): Promise<number | undefined> {
    let exitCode: number | undefined;
    for (let restarts = 0; !signal.aborted; restarts += 1) {
      if (restarts > 0) this.#update({ restarts });
      exitCode = await this.#runOnce(signal);
      if (!this.#restartsAfter(exitCode)) break;
      await this.#backOff(restarts, signal);
    }
    this.#launched.resolve();
    return exitCode;
  }

  /** Ends the run that goes on. @param turn see `stopContainer` */
  async stop(graceSeconds: number, turn?: Promise<unknown>): Promise<StopReport> {
    const run = this.running;
    const { preStop } = this.spec.lifecycle;
    const stoppable = {
      preStop: preStop && ((limit: AbortSignal) => this.#hook('preStop', run, limit).then(() => undefined)),
      stopSignal: await this.#deps.machine.stopSignal(this.spec),
      ended: run.ended,
      signal: async (name: string): Promise<void> => {
        if (this.#run === run) this.#deps.events.add('signal', this.spec.name, name);
        await run.signal(name);
      },
    };
    return stopContainer(stoppable, graceSeconds, this.#deps.clock, turn);
  }

  async #runOnce(signal: AbortSignal): Promise<number> {
    const run = await this.#start();
    const startMs = this.#deps.clock.monotonicMs();
    if (run === undefined) {
      this.#launched.resolve();
      return this.#ended(START_ERROR);
    }
    const lifetime = new AbortController();
    const ended = run.ended.then((end) => {
      this.#run = undefined;
      this.#ended(end);
      lifetime.abort(new Error(`${this.spec.name} ended`));
      return end.exitCode;
    });
    const isUp = await this.#postStart(run, AbortSignal.any([signal, lifetime.signal]));
    if (!isUp && !signal.aborted && this.#run === run) await this.stop(this.#deps.graceSeconds);
    this.#launched.resolve();
    if (isUp) await this.#watch(run, { startMs, podSignal: signal, runSignal: lifetime.signal });
    return ended;
  }

  async #start(): Promise<Run | undefined> {
    const { events, machine } = this.#deps;
    const starting = machine.start(this.spec);
    this.#starting = starting.catch(() => undefined); // told below
    try {
      const run = await starting;
      this.#run = run;
      events.add('started', this.spec.name, `process ${run.pid}`);
      return run;
    } catch (error) {
      events.add('start-failed', this.spec.name, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #ended({ exitCode, reason }: { readonly exitCode: number; readonly reason: string }): number {
    this.#update({ state: 'terminated', exitCode, reason, ready: false, started: false });
    this.#deps.events.add('ended', this.spec.name, `exit code ${exitCode}`);
    return exitCode;
  }

  #restartsAfter(exitCode: number): boolean {
    const { restartPolicy } = this.#deps;
    return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exitCode !== 0);
  }

  /** None before the first restart, then twice as long each time. @see Kubernetes' doBackOff */
  async #backOff(restarts: number, signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#deps;
    if (restarts === 0 || signal.aborted) return;
    const waitMs = Math.min(FIRST_BACK_OFF_MS * 2 ** (restarts - 1), LONGEST_BACK_OFF_MS);
    this.#update({ state: 'waiting', reason: 'CrashLoopBackOff' });
    events.add('back-off', this.spec.name, `${waitMs} ms`);
    await clock.sleep(waitMs, signal).catch(() => undefined); // the loop sees the abort
  }

  /** @returns whether the container may go on */
  async #postStart(run: Run, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const isDone =
      this.spec.lifecycle.postStart === undefined || (await this.#hook('postStart', run, signal));
    if (isDone && this.#run === run) {
      const isStarted = this.spec.startupProbe === undefined;
      const isReady = isStarted && this.spec.readinessProbe === undefined;
      this.#update({ state: 'running', reason: '', started: isStarted, ready: isReady });
    }
    return isDone;
  }

  /** @returns whether it succeeded */
  async #hook(kind: 'postStart' | 'preStop', run: Run, signal: AbortSignal): Promise<boolean> {
    const action = this.spec.lifecycle[kind];
    const { events } = this.#deps;
    if (action === undefined) return true;
    events.add('hook', this.spec.name, kind);
    try {
      await runHook(action, this.#actionPlace(run), signal);
      events.add('hook-done', this.spec.name, kind);
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      events.add('hook-failed', this.spec.name, `${kind}: ${why}`);
      return false;
    }
  }

  #watch(run: Run, lifetime: Pick<WatchedRun, 'startMs' | 'podSignal' | 'runSignal'>): Promise<void> {
    return watchRun({
      place: this.#actionPlace(run),
      events: this.#deps.events,
      ...lifetime,
      onChange: (change) => this.#update(change),
      stop: () => this.#stopUnhealthy(),
    });
  }

  async #stopUnhealthy(): Promise<void> {
    if (this.isRunning) await this.stop(this.#deps.graceSeconds);
  }

  #actionPlace(run: Run): ActionPlace {
    const { machine, clock } = this.#deps;
    const exec = (command: readonly string[], signal: AbortSignal): Promise<Finished> =>
      run.exec(command, signal);
    return { ...machine, container: this.spec, exec, clock };
  }

  #update(changes: Partial<ContainerStatus>): void {
    this.#status = { ...this.#status, ...changes };
    this.#deps.events.changed();
  }
}
