// A pod whose containers are only imagined, on a clock that the test moves: order, hooks, probes and grace without
// podman.

import { FakeClock } from '../../../../support/fake-clock.ts';
import type { PodEvent, Termination } from '../contract.ts';
import { EventLog } from '../life/event-log.ts';
import { PodLife } from '../life/pod-life.ts';
import type { NetworkTrial, TrialResult } from '../network/node-messages.ts';
import type { ContainerSpec, PodSpec } from '../pod-spec.ts';
import { type FakeProgram, FakeRun } from './fake-run.ts';

export interface FakePodOptions {
  /** By container; default: ends with 0 at SIGTERM. */
  readonly programs?: Readonly<Record<string, FakeProgram>>;
  /** What the network says to probes and hooks; default: success. */
  readonly answer?: (trial: NetworkTrial) => TrialResult | Promise<TrialResult>;
  /** Containers whose program cannot be started. */
  readonly broken?: readonly string[];
}

const WELL_BEHAVED: FakeProgram = { onTerm: 0 };

export class FakePod {
  readonly clock = new FakeClock();
  readonly events = new EventLog(this.clock);
  readonly life: PodLife;
  readonly #options: FakePodOptions;
  readonly #runs = new Map<string, FakeRun[]>();

  constructor(spec: PodSpec, options: FakePodOptions = {}) {
    this.#options = options;
    const machine = {
      podIp: '10.0.0.7',
      start: ({ name }: ContainerSpec) => this.#start(name),
      stopSignal: () => Promise.resolve('SIGTERM'),
      tryFromNode: async (trial: NetworkTrial) =>
        options.answer === undefined ? { isSuccess: true, detail: '' } : options.answer(trial),
    };
    this.life = new PodLife({ spec, machine, events: this.events, clock: this.clock });
  }

  /** Begins to live, and lets the first things happen. */
  async start(): Promise<void> {
    void this.life.live();
    await this.pass(0);
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.tick(seconds * 1000);
  }

  /** Ends the pod while time goes on, at most an hour. */
  async terminate(): Promise<Termination> {
    const termination = this.life.terminate();
    await this.pass(3600);
    return termination;
  }

  /** The latest run of a container. */
  run(container: string): FakeRun {
    const run = this.#runs.get(container)?.at(-1);
    if (run === undefined) throw new Error(`${container} never ran`);
    return run;
  }

  runs(container: string): number {
    return this.#runs.get(container)?.length ?? 0;
  }

  /** Events of these kinds as `<container> <detail>` with the kind in front. */
  told(...kinds: readonly PodEvent['kind'][]): readonly string[] {
    const chosen = this.events.events.filter(({ kind }) => kinds.includes(kind));
    return chosen.map(({ kind, container, detail }) =>
      [kind, container, ...(kind === 'started' ? [] : [detail])].filter((part) => part !== '').join(' '),
    );
  }

  /** As `told`, each with its second in front. */
  toldWhen(...kinds: readonly PodEvent['kind'][]): readonly string[] {
    const chosen = this.events.events.filter(({ kind }) => kinds.includes(kind));
    return chosen.map(({ atMs, container, detail }) => `${atMs / 1000} ${container} ${detail}`);
  }

  #start(name: string): Promise<FakeRun> {
    if (this.#options.broken?.includes(name) === true) return Promise.reject(new Error('no such program'));
    const earlier = this.#runs.get(name) ?? [];
    const run = new FakeRun(earlier.length + 1, this.#options.programs?.[name] ?? WELL_BEHAVED);
    this.#runs.set(name, [...earlier, run]);
    return Promise.resolve(run);
  }
}
