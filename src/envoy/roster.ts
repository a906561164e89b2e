// Which Envoys exist and what each is for: active, candidate, draining, ended. Every transition goes through
// here, is logged in one line, and wakes whoever waits for it. The roster decides nothing and signals nobody.

import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log, LogFields } from '../runtime/log.ts';
import { Condition } from './condition.ts';
import { describeExit, type Epoch } from './process/epoch.ts';
import { describeMemoryKill } from './memory/memory-kill.ts';
import {
  epochSnapshot,
  type EndedEpoch,
  type EnvoyObserver,
  type EnvoySnapshot,
  type Phase,
} from './snapshot.ts';

const HISTORY_LENGTH = 32;

export interface RosterDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Of the lines on transitions. `debug`: also for an end that is an error, which somebody else tells. */
  readonly level: 'info' | 'debug';
  /** Removes the bootstrap of an Envoy that is gone; not called while another one was started from it. */
  readonly removeBootstrap: (path: string) => Promise<void>;
  readonly observer: EnvoyObserver;
}

type Standing = Pick<EnvoySnapshot, 'phase' | 'active' | 'candidate' | 'draining' | 'history'>;

export class Roster {
  readonly changed: Condition;
  readonly #deps: RosterDeps;
  readonly #draining = new Set<Epoch>();
  readonly #history: EndedEpoch[] = [];
  readonly #partings = new Set<Promise<void>>();
  #phase: Phase = 'idle';
  #active: Epoch | undefined;
  #candidate: Epoch | undefined;

  constructor(deps: RosterDeps) {
    this.#deps = deps;
    this.changed = new Condition(deps.clock);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The newest Envoy that reached LIVE; undefined while none serves. */
  get active(): Epoch | undefined {
    return this.#active;
  }

  /** The Envoy that is starting. */
  get candidate(): Epoch | undefined {
    return this.#candidate;
  }

  /** Older Envoys that finish their connections. */
  get draining(): readonly Epoch[] {
    return [...this.#draining];
  }

  /** Every Envoy of ours that has not ended. */
  get alive(): readonly Epoch[] {
    return this.#present.filter(({ alive }) => alive);
  }

  /** Also those whose end has not been noted yet. */
  get #present(): readonly Epoch[] {
    const present = [this.#active, this.#candidate, ...this.#draining];
    return present.filter((epoch) => epoch !== undefined);
  }

  setPhase(phase: Phase, why: string): void {
    if (phase === this.#phase) return;
    const epoch = this.#candidate ?? this.#active;
    this.#tell(`supervisor: ${this.#phase} -> ${phase}`, { ...fieldsOf(epoch), reason: why });
    this.#phase = phase;
    this.changed.notify();
  }

  /** A process was started; from now on its end is noticed. */
  addCandidate(epoch: Epoch): void {
    this.#candidate = epoch;
    this.#deps.observer.started?.();
    const { reason } = epoch.launch;
    this.#tell(`Envoy ${title(epoch)} started: ${reason}`, { ...fieldsOf(epoch), reason });
    void epoch.exited.then(() => {
      const parting = this.#part(epoch).finally(() => this.#partings.delete(parting));
      this.#partings.add(parting);
    });
    this.changed.notify();
  }

  /** The candidate is LIVE: it becomes the active one, and the active one, if any, drains until `terminateDueMs`. */
  commit(terminateDueMs: number): void {
    const [candidate, old] = [this.#candidate, this.#active];
    if (candidate === undefined) return;
    this.#candidate = undefined;
    this.#active = candidate;
    candidate.state = 'live';
    candidate.liveAtMs = this.#deps.clock.monotonicMs();
    this.#deps.observer.live?.();
    const tookMs = Math.round(candidate.liveAtMs - candidate.startedAtMs);
    this.#tell(`Envoy ${title(candidate)} is live after ${tookMs} ms`, fieldsOf(candidate));
    if (old?.alive === true) this.#drain(old, terminateDueMs);
    this.changed.notify();
  }

  /** The active Envoy has lost its listeners to a child that is gone: it can only finish what it has. */
  abandon(terminateDueMs: number): void {
    const old = this.#active;
    if (old === undefined) return;
    this.#active = undefined;
    old.orphaned = true;
    this.#drain(old, terminateDueMs);
    this.changed.notify();
  }

  /** Resolves when nothing of an ended Envoy is being cleared away any more. */
  async settled(): Promise<void> {
    await this.changed.until(() => this.#present.every(({ alive }) => alive));
    await Promise.all(this.#partings);
  }

  snapshot(): Standing {
    const shown = (epoch: Epoch | undefined) => epoch && epochSnapshot(epoch, this.#deps.clock);
    return {
      phase: this.#phase,
      active: shown(this.#active),
      candidate: shown(this.#candidate),
      draining: this.draining.map((epoch) => epochSnapshot(epoch, this.#deps.clock)),
      history: [...this.#history],
    };
  }

  #drain(epoch: Epoch, terminateDueMs: number): void {
    epoch.state = 'draining';
    epoch.terminateDueMs = terminateDueMs;
    epoch.drainingAtMs = this.#deps.clock.monotonicMs();
    this.#draining.add(epoch);
    const leftMs = Math.round(terminateDueMs - epoch.drainingAtMs);
    this.#tell(`Envoy ${title(epoch)} drains, ends in ${leftMs} ms`, fieldsOf(epoch));
  }

  async #part(epoch: Epoch): Promise<void> {
    this.#draining.delete(epoch);
    if (this.#active === epoch) {
      this.#active = undefined;
      for (const old of this.#draining) old.orphaned = true; // nobody will end those that drain for it
    }
    if (this.#candidate === epoch) this.#candidate = undefined;
    this.#record(epoch);
    this.changed.notify();
    const path = epoch.launch.configPath;
    if (this.alive.some((other) => other.launch.configPath === path)) return;
    await this.#deps.removeBootstrap(path).catch((error: unknown) => {
      this.#deps.log.warn(`cannot remove ${path}: ${messageOf(error)}`); // a leftover file harms nobody
    });
  }

  #tell(message: string, fields: LogFields): void {
    const { log, level } = this.#deps;
    log[level](message, fields);
  }

  #record(epoch: Epoch): void {
    const { clock, log, level } = this.#deps;
    const exit = epoch.exit ?? { code: null, signal: null };
    const due = epoch.terminateDueMs !== undefined && exit.code === 0; // its child ended it, as planned
    const ended = { ...epochSnapshot(epoch, clock), ended: new Date(clock.now()), ...exit };
    const record = { ...ended, asked: epoch.asked || due };
    this.#history.unshift(record);
    this.#history.splice(HISTORY_LENGTH);
    this.#deps.observer.ended(record);
    const wrong = !epoch.asked && exit.code !== 0 && level === 'info';
    log[wrong ? 'error' : level](`Envoy ${title(epoch)} ended: ${describeExit(exit)}`, fieldsOf(epoch));
    if (epoch.memoryKill !== undefined) log.error(describeMemoryKill(epoch.memoryKill));
  }
}

function fieldsOf(epoch: Epoch | undefined): LogFields {
  return epoch === undefined ? {} : { pid: epoch.pid, epoch: epoch.epoch, generation: epoch.generation };
}

function title(epoch: Epoch): string {
  return `epoch ${epoch.epoch} (generation ${epoch.generation})`;
}
