// What must hold in every moment of a supervisor's life, told from the processes it started and the signals it sent.

import { deepEqual, equal, ok } from 'node:assert/strict';

import type { EnvoySnapshot } from '../../../src/envoy/snapshot.ts';
import type { SentSignal } from './envoy-world.ts';
import type { ModelEnvoy } from './model-envoy.ts';
import type { RandomLife } from './random-life.ts';

/** A draining Envoy is given this long after it should have ended. */
const OVERDUE_MS = 30_000;

/** Looks at a life after each step; what was looked at before is not looked at again. */
export class LifeInvariants {
  readonly #life: RandomLife;
  #envoys = 0;
  #signals = 0;
  /** By pid: monotonic milliseconds at which its child was seen to have taken over. */
  readonly #dueMs = new Map<number, number>();

  constructor(life: RandomLife) {
    this.#life = life;
  }

  /** @throws AssertionError naming the invariant */
  check(): void {
    const { world, supervisor, end } = this.#life;
    const snapshot = supervisor.snapshot();
    const { sent, envoys } = world;
    this.#noteDraining();
    this.#lines(snapshot);
    this.#candidates(snapshot);
    for (const signal of sent.slice(this.#signals)) this.#signal(signal, snapshot);
    for (const envoy of envoys.slice(this.#envoys)) this.#numbered(envoy);
    for (const { hadParent } of envoys.slice(this.#life.startedAtDrain ?? Infinity))
      ok(!hadParent, 'an Envoy was replaced after a drain request');
    this.#exits();
    if (end !== undefined) deepEqual(pidsOf(world.alive), [], 'I7: after the end none is alive');
    this.#owners();
    [this.#signals, this.#envoys] = [sent.length, envoys.length];
  }

  #lines({ active, candidate }: EnvoySnapshot): void {
    const { alive } = this.#life.world;
    ok(alive.length <= (this.#life.forced ? 3 : 2), `I1: ${alive.length} Envoys are alive`);
    for (const line of Map.groupBy(alive, ({ baseId }) => baseId).values()) {
      const epochs = line.map(({ epoch }) => epoch).toSorted((a, b) => a - b);
      const first = epochs[0] ?? 0;
      deepEqual(epochs, epochs.map((_, at) => first + at), 'I1: epochs alive are consecutive'); // prettier-ignore
    }
    const newest = alive.at(-1);
    if (newest === undefined || newest.draining || this.#isOrphan(newest)) return;
    ok([active?.pid, candidate?.pid].includes(newest.pid), 'I1: the newest is active or candidate');
  }

  #candidates({ candidate, phase }: EnvoySnapshot): void {
    if (candidate === undefined) return;
    ok(
      ['handoff', 'starting', 'draining', 'terminating'].includes(phase),
      `I2: a candidate in phase ${phase}`,
    );
  }

  #signal({ envoy, name, atMs, live, draining }: SentSignal, { phase }: EnvoySnapshot): void {
    const ending =
      this.#life.stopping || this.#life.end !== undefined || phase === 'terminating' || phase === 'done';
    if (envoy.hadParent && !live)
      equal(name, 'SIGKILL', 'I3: a candidate with a parent gets nothing but SIGKILL');
    if (!draining || ending) return;
    const dueMs = this.#dueMs.get(envoy.pid) ?? Infinity;
    if (this.#isOrphan(envoy)) ok(atMs >= dueMs, 'I4: an orphan is not ended before its time');
    else ok(atMs >= dueMs + OVERDUE_MS, `I4: ${name} to a draining Envoy ${dueMs - atMs} ms before its time`);
  }

  #numbered(envoy: ModelEnvoy): void {
    const { epoch, baseId, parent = this.#justEnded(envoy) } = envoy;
    if (epoch === 0) return;
    ok(parent !== undefined, `I5: epoch ${epoch} was started without a parent`);
    deepEqual(
      [parent.epoch, parent.baseId],
      [epoch - 1, baseId],
      'I5: the epoch after that of the active one',
    );
  }

  /** A parent whose end the supervisor could not know of yet: the connections of a process go before it is reaped. */
  #justEnded({ epoch, baseId, startedMs }: ModelEnvoy): ModelEnvoy | undefined {
    const { world, ended } = this.#life;
    const notBefore = new Set(ended.flatMap((one) => (one.ended.getTime() >= startedMs ? [one.pid] : [])));
    return world.envoys.findLast(
      (other) => other.baseId === baseId && other.epoch === epoch - 1 && notBefore.has(other.pid),
    );
  }

  #exits(): void {
    const { ended, world } = this.#life;
    const gone = pidsOf(world.envoys.filter(({ exit }) => exit !== undefined));
    deepEqual(pidsOf(ended), gone, 'I6: every end is noticed once');
  }

  /** The ports belong to one line: a second one may only have Envoys that have closed their listeners. */
  #owners(): void {
    const listening = this.#life.world.alive.filter(({ live, draining }) => live && !draining);
    ok(listening.length <= 1, `two Envoys serve: ${listening.map(({ pid }) => pid).join(', ')}`);
  }

  /** Its child is gone: nobody but the supervisor ends it. */
  #isOrphan(envoy: ModelEnvoy): boolean {
    return envoy.draining && this.#life.world.alive.every(({ parent }) => parent !== envoy);
  }

  #noteDraining(): void {
    const { draining } = this.#life.supervisor.snapshot();
    for (const { pid, terminateDue } of [...draining, ...this.#life.ended]) {
      if (terminateDue !== undefined) this.#dueMs.set(pid, terminateDue.getTime());
    }
  }
}

function pidsOf(processes: readonly { readonly pid: number }[]): number[] {
  return processes.map(({ pid }) => pid).toSorted((a, b) => a - b);
}
