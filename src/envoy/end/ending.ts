// When the agent was told to end, how much time that leaves, and what is being waited for. It waits for nothing itself.

import type { Clock } from '../../runtime/clock.ts';
import type { EndSnapshot, EndStep } from '../snapshot.ts';

/** So long before the platform's own SIGKILL nothing is waited for any more. */
export const RESERVE_MS = 2000;
/** What of it belongs to the agent's other parts, which end after Envoy. */
export const AFTER_ENVOY_MS = 500;

interface Waiting {
  readonly step: EndStep;
  readonly sinceMs: number;
  /** Infinity: no limit. */
  readonly untilMs: number;
  readonly open: number | undefined;
}

export class Ending {
  readonly #clock: Clock;
  readonly #podGraceMs: number;
  #beganMs: number | undefined;
  #hurried = false;
  #waiting: Waiting | undefined;

  /** @param podGraceMs from the signal to the platform's SIGKILL; undefined: not known */
  constructor(clock: Clock, podGraceMs: number | undefined) {
    this.#clock = clock;
    this.#podGraceMs = podGraceMs ?? Infinity;
  }

  /** The signal has come; the first one counts. */
  begin(): void {
    this.#beganMs ??= this.#clock.monotonicMs();
    this.#waiting ??= this.#waitFor('handoff', Infinity);
  }

  /** The end that follows, or has begun, waits for nothing. */
  hurry(): void {
    this.#hurried = true;
  }

  get begun(): boolean {
    return this.#beganMs !== undefined;
  }

  get hurried(): boolean {
    return this.#hurried;
  }

  /** The time is up, or was cut short; only once it has begun. */
  get over(): boolean {
    return this.begun && (this.#hurried || this.leftMs() <= 0);
  }

  /** Milliseconds until nothing is waited for any more; Infinity: no limit. */
  leftMs(): number {
    return this.#leftOf(this.#podGraceMs - RESERVE_MS);
  }

  /** How much of the time from SIGTERM to SIGKILL there is; never below 0. */
  boundedGraceMs(graceMs: number): number {
    return Math.max(0, Math.min(graceMs, this.#leftOf(this.#podGraceMs - AFTER_ENVOY_MS)));
  }

  /** @param ms how long at most; Infinity: no limit of its own */
  enter(step: EndStep, ms: number): void {
    this.#waiting = this.#waitFor(step, ms);
  }

  /** Connections or requests that were open at the last look. */
  noteOpen(open: number): void {
    if (this.#waiting !== undefined) this.#waiting = { ...this.#waiting, open };
  }

  /** Undefined before the signal. */
  snapshot(): EndSnapshot | undefined {
    if (this.#beganMs === undefined || this.#waiting === undefined) return undefined;
    const { step, sinceMs, untilMs, open } = this.#waiting;
    const deadline = untilMs === Infinity ? undefined : this.#wallTime(untilMs);
    return { asked: this.#wallTime(this.#beganMs), step, since: this.#wallTime(sinceMs), deadline, open };
  }

  #waitFor(step: EndStep, ms: number): Waiting {
    const sinceMs = this.#clock.monotonicMs();
    const leftMs = step === 'exit' ? ms : Math.min(ms, this.leftMs());
    return { step, sinceMs, untilMs: sinceMs + Math.max(0, leftMs), open: undefined };
  }

  #leftOf(limitMs: number): number {
    const now = this.#clock.monotonicMs();
    return limitMs - (now - (this.#beganMs ?? now));
  }

  #wallTime(monotonicMs: number): Date {
    return new Date(this.#clock.now() - (this.#clock.monotonicMs() - monotonicMs));
  }
}
