// One pod on the node: its network, volumes and containers, from the first to the last moment.

import type { Clock } from '../../../../src/runtime/clock.ts';
import type { PodContainers } from './containers/pod-containers.ts';
import type { ContainerStatus, Finished, Phase, PodEvent, RunningPod, Termination } from './contract.ts';
import { eventLines, type EventLog } from './life/event-log.ts';
import { PodLife } from './life/pod-life.ts';
import type { NodeProcess } from './network/node-process.ts';
import type { PodNetwork } from './network/node-network.ts';
import type { PodSpec } from './pod-spec.ts';
import type { Volumes } from './volumes/volumes.ts';

export interface PodParts {
  readonly spec: PodSpec;
  readonly network: PodNetwork;
  readonly volumes: Volumes;
  readonly containers: PodContainers;
  readonly node: NodeProcess;
  readonly events: EventLog;
  readonly clock: Clock;
  /** Takes away what is not the containers'. */
  readonly remove: () => Promise<void>;
}

export class Pod implements RunningPod {
  readonly spec: PodSpec;
  readonly ip: string;
  readonly networkNamespace: string;
  readonly #parts: PodParts;
  readonly #life: PodLife;
  /** Resolves when nothing of the pod goes on any more. */
  readonly #lived: Promise<void>;
  #failure: unknown;
  #deletion: Promise<Termination> | undefined;

  /** Starts the first container. */
  constructor(parts: PodParts) {
    const { spec, network, containers, node, events, clock } = parts;
    this.#parts = parts;
    this.spec = spec;
    this.ip = network.ip;
    this.networkNamespace = network.namespace;
    const machine = {
      podIp: network.ip,
      start: containers.start.bind(containers),
      stopSignal: containers.stopSignal.bind(containers),
      tryFromNode: node.try.bind(node),
    };
    this.#life = new PodLife({ spec, machine, events, clock });
    this.#lived = this.#life.live().catch((error: unknown) => {
      this.#failure = error; // whoever waits for the pod is told
      events.changed();
    });
  }

  get name(): string {
    return this.spec.name;
  }

  get namespace(): string {
    return this.spec.namespace;
  }

  get phase(): Phase {
    return this.#life.phase;
  }

  get isReady(): boolean {
    return this.#life.isReady;
  }

  get containers(): ReadonlyMap<string, ContainerStatus> {
    return new Map(Array.from(this.#life.containers, ([name, life]) => [name, life.status]));
  }

  get events(): readonly PodEvent[] {
    return this.#parts.events.events;
  }

  async untilReady(timeoutMs: number): Promise<void> {
    await this.until((pod) => pod.isReady || hasEnded(pod), timeoutMs);
    if (!this.isReady) throw await this.#complaint(`ended (${this.phase}) before it was ready`);
  }

  async untilEnded(timeoutMs: number): Promise<'Succeeded' | 'Failed'> {
    await this.until(hasEnded, timeoutMs);
    return this.phase === 'Succeeded' ? 'Succeeded' : 'Failed';
  }

  async until(condition: (pod: RunningPod) => boolean, timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const look = (): void => {
      if (condition(this) || this.#failure !== undefined) resolve(true);
    };
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const stopWatching = this.#parts.events.watch(look);
    look();
    const isOver = await promise;
    clearTimeout(timer);
    stopWatching();
    if (this.#failure !== undefined) throw new Error(`the pod ${this.name} broke`, { cause: this.#failure });
    if (!isOver) throw await this.#complaint(`was waited for in vain (${timeoutMs} ms)`);
  }

  log(container: string): Promise<string> {
    return this.#parts.containers.log(container);
  }

  exec(container: string, command: readonly string[]): Promise<Finished> {
    return this.#life.container(container).running.exec(command);
  }

  containerPid(container: string): number {
    return this.#life.container(container).running.pid;
  }

  refreshVolumes(): Promise<void> {
    return this.#parts.volumes.refresh();
  }

  delete(): Promise<Termination> {
    this.#deletion ??= this.#delete();
    return this.#deletion;
  }

  async #delete(): Promise<Termination> {
    await using undo = new AsyncDisposableStack(); // all of it, whatever fails
    undo.defer(() => this.#parts.remove());
    undo.defer(() => this.#parts.containers.remove());
    const termination = await this.#life.terminate();
    await this.#lived;
    return termination;
  }

  /** With everything that helps to find out why. */
  async #complaint(what: string): Promise<Error> {
    const parts = [`the pod ${this.name} ${what}`, eventLines(this.events)];
    for (const name of this.#life.containers.keys()) {
      const log = await this.log(name).catch(String);
      if (log !== '') parts.push(`--- ${name}`, log.trimEnd());
    }
    return new Error(parts.join('\n'));
  }
}

function hasEnded({ phase }: RunningPod): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
