// The order in which a pod's containers start and end.

import type { Clock } from '../../../../../src/runtime/clock.ts';
import type { Phase, Termination } from '../contract.ts';
import type { ContainerSpec, PodSpec, RestartPolicy } from '../pod-spec.ts';
import { ContainerLife, type Machine } from './container-life.ts';
import type { EventLog } from './event-log.ts';
import { endsAfter } from './termination-order.ts';

export interface PodLifeDeps {
  readonly spec: PodSpec;
  readonly machine: Machine;
  readonly events: EventLog;
  readonly clock: Clock;
}

export class PodLife {
  /** By name: one for each in the specification. */
  readonly containers: ReadonlyMap<string, ContainerLife>;
  readonly #deps: PodLifeDeps;
  /** Aborts when the pod ends: nothing is started from then on. */
  readonly #ending = new AbortController();
  readonly #background: Promise<unknown>[] = [];
  #phase: Phase = 'Pending';
  #termination: Promise<Termination> | undefined;

  constructor(deps: PodLifeDeps) {
    const { spec } = deps;
    this.#deps = deps;
    const graceSeconds = spec.terminationGracePeriodSeconds;
    const lives = [...spec.initContainers, ...spec.containers].map(
      (each) =>
        new ContainerLife({ ...deps, spec: each, graceSeconds, restartPolicy: restartPolicy(each, spec) }),
    );
    this.containers = new Map(lives.map((life) => [life.spec.name, life]));
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Every container but init containers that are to end must be ready. */
  get isReady(): boolean {
    const { spec } = this.#deps;
    const counted = [...spec.initContainers.filter(({ isSidecar }) => isSidecar), ...spec.containers];
    return !this.#ending.signal.aborted && counted.every(({ name }) => this.container(name).status.ready);
  }

  /** @throws Error when the pod has none of that name */
  container(name: string): ContainerLife {
    const life = this.containers.get(name);
    if (life === undefined) throw new Error(`the pod ${this.#deps.spec.name} has no container ${name}`);
    return life;
  }

  /** Starts everything in order and resolves when the pod has ended, by itself or because it was asked to. */
  async live(): Promise<void> {
    const exitCodes = (await this.#initialise()) ? await this.#runApplications() : [1];
    await this.terminate();
    await Promise.all(this.#background);
    this.#setPhase(exitCodes.every((code) => code === 0) ? 'Succeeded' : 'Failed');
  }

  /** Ends all containers by Kubernetes' rules. A second call gets the first one's answer. */
  terminate(): Promise<Termination> {
    this.#termination ??= this.#terminate();
    return this.#termination;
  }

  /** @returns false when an init container failed for good or the pod ends */
  async #initialise(): Promise<boolean> {
    const { signal } = this.#ending;
    for (const { name, isSidecar } of this.#deps.spec.initContainers) {
      if (signal.aborted) return false;
      const life = this.container(name);
      const living = life.live(signal);
      if (isSidecar) {
        this.#background.push(living);
        await this.#untilStarted(life);
      } else if ((await living) !== 0) return false;
    }
    return !signal.aborted;
  }

  /** Each starts when the one before is up with its hook done. @returns exit codes when all have ended for good */
  async #runApplications(): Promise<readonly (number | undefined)[]> {
    const ends: Promise<number | undefined>[] = [];
    for (const { name } of this.#deps.spec.containers) {
      const life = this.container(name);
      ends.push(life.live(this.#ending.signal));
      await life.launched;
    }
    if (!this.#ending.signal.aborted) this.#setPhase('Running');
    return Promise.all(ends);
  }

  /** Until its startup probe has passed, or the pod ends. */
  async #untilStarted(life: ContainerLife): Promise<void> {
    const { signal } = this.#ending;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (life.status.started || signal.aborted) resolve();
    };
    const stopWatching = this.#deps.events.watch(look);
    look();
    await promise.finally(stopWatching);
  }

  async #terminate(): Promise<Termination> {
    const { spec, clock, events } = this.#deps;
    const lives = [...this.containers.values()];
    const startMs = clock.monotonicMs();
    this.#ending.abort(new Error(`the pod ${spec.name} ends`));
    events.changed();
    await Promise.all(lives.map((life) => life.settled()));
    const running = lives.filter((life) => life.isRunning);
    const ends = new Map(running.map((life) => [life.spec.name, life.running.ended]));
    const ended = (names: readonly string[]): Promise<unknown> =>
      Promise.all(names.map((name) => ends.get(name)).filter((end) => end !== undefined));
    const stops = await Promise.all(
      running.map(async (life) => {
        const { name } = life.spec;
        const { ended: end } = life.running;
        const report = await life.stop(spec.terminationGracePeriodSeconds, ended(endsAfter(name, spec)));
        const { exitCode } = await end;
        return { name, report, exitCode };
      }),
    );
    return {
      tookMs: clock.monotonicMs() - startMs,
      exitCodes: new Map(stops.map(({ name, exitCode }) => [name, exitCode])),
      killed: stops.filter(({ report }) => report.wasKilled).map(({ name }) => name),
      hooks: stops.filter(({ report }) => report.ranHook).map(({ name }) => name),
    };
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase;
    this.#deps.events.add('phase', '', phase);
  }
}

/** A sidecar always runs; an init container that ended well never runs again. */
function restartPolicy({ name, isSidecar }: ContainerSpec, pod: PodSpec): RestartPolicy {
  if (isSidecar) return 'Always';
  const isInit = pod.initContainers.some((each) => each.name === name);
  return isInit && pod.restartPolicy === 'Always' ? 'OnFailure' : pod.restartPolicy;
}
