// What is to be done next beside an Envoy that serves, and when: a request to carry out, an admin port to win back,
// listeners to win back. One at a time; what must not be done now is not due.

import type { Clock } from '../../runtime/clock.ts';
import type { Epoch } from '../process/epoch.ts';
import { mostDraining } from './gates.ts';
import { RepairSchedule } from './repair-schedule.ts';
import type { RestartPace } from './restart-pace.ts';
import type { RestartRequests } from './restart-requests.ts';
import type { Roster } from '../roster.ts';
import type { SupervisorTiming } from '../settings.ts';

export interface AgendaDeps {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly requests: RestartRequests;
  readonly pace: RestartPace;
}

/** `restart`: carry out the request. `repair`: replace an Envoy without admin port. `restore`: one without listeners. */
export type Task = 'restart' | 'repair' | 'restore';

export type Event = 'stop' | 'exited' | Task;

const NEVER = Infinity;

export class Agenda {
  readonly #deps: AgendaDeps;
  readonly #repairs: RepairSchedule;
  /** What the Envoy that took over last has not got. */
  #lost: { readonly epoch: Epoch; readonly listeners: readonly string[] } | undefined;

  constructor(deps: AgendaDeps, timing: SupervisorTiming) {
    this.#deps = deps;
    this.#repairs = new RepairSchedule(deps.clock, timing);
  }

  /**
   * Waits for the next thing to do.
   *
   * @param settled no Envoy is to be replaced any more
   */
  async next(active: Epoch, stop: AbortSignal, settled: AbortSignal): Promise<Event> {
    const { roster, clock } = this.#deps;
    for (;;) {
      const event = this.#event(active, stop, settled);
      if (event !== undefined) return event;
      const dueMs = this.#dueMs(active, settled);
      const woken = (): boolean =>
        this.#event(active, stop, settled) !== undefined || this.#dueMs(active, settled) !== dueMs;
      if (dueMs === NEVER) await roster.changed.until(woken);
      else await roster.changed.within(woken, dueMs - clock.monotonicMs());
    }
  }

  /** The Envoy took over without these listeners. */
  lost(epoch: Epoch, listeners: readonly string[]): void {
    this.#lost = { epoch, listeners };
  }

  /** The listeners to win back, which is tried once. */
  takeLost(): readonly string[] {
    const listeners = this.#lost?.listeners ?? [];
    this.#lost = undefined;
    return listeners;
  }

  repairFailed(): void {
    this.#repairs.failed();
  }

  #event(active: Epoch, stop: AbortSignal, settled: AbortSignal): Event | undefined {
    if (stop.aborted) return 'stop';
    if (!active.alive || this.#deps.roster.active !== active) return 'exited'; // or its successor came and went
    if (this.#dueMs(active, settled) > this.#deps.clock.monotonicMs()) return undefined;
    if (this.#lost?.epoch === active) return 'restore';
    return active.adminLost ? 'repair' : 'restart';
  }

  /** Monotonic milliseconds of what is to be done next. */
  #dueMs(active: Epoch, settled: AbortSignal): number {
    const { roster, requests, pace } = this.#deps;
    if (settled.aborted) return NEVER;
    if (active.doomed) return NEVER; // it cannot hand over; the start that follows its end answers what waits
    if (this.#lost?.epoch === active) return 0;
    // without admin port nobody could tell whether another Envoy may take over: the repair comes first
    if (active.adminLost) return active.repairable ? this.#repairs.dueMs(active) : NEVER;
    const { waiting } = requests;
    if (waiting === undefined) return NEVER;
    // a third Envoy makes the second end the first at once, with all its connections
    if (roster.draining.length > mostDraining(waiting.force)) return NEVER;
    return Math.max(waiting.notBeforeMs, waiting.ifChanged && !waiting.force ? pace.fileRestartAtMs : 0);
  }
}
