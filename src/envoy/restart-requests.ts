// Requests for a planned restart: those that wait at the same time are answered by one restart.

import type { Log } from '../runtime/log.ts';
import type { Condition } from './condition.ts';
import type { RestartOutcome } from './handoff.ts';

export interface RestartOptions {
  /** Restart only if what Envoy would be started with has changed. Default false. */
  readonly ifChanged?: boolean;
  /** Do not wait for an older Envoy that drains: its connections are cut. Default false. */
  readonly force?: boolean;
}

export interface RestartRequest extends Required<RestartOptions> {
  /** Every reason that was given, joined. */
  readonly reason: string;
  readonly answer: (outcome: RestartOutcome) => void;
}

interface Pending {
  readonly reasons: string[];
  /** Only when every request says so. */
  ifChanged: boolean;
  /** As soon as one request says so. */
  force: boolean;
  readonly outcome: PromiseWithResolvers<RestartOutcome>;
}

export class RestartRequests {
  readonly #changed: Condition;
  readonly #log: Log;
  #pending: Pending | undefined;
  #refusal: string | undefined;

  constructor(changed: Condition, log: Log) {
    this.#changed = changed;
    this.#log = log;
  }

  /** Reasons of the requests that wait; empty: none does. */
  get reasons(): readonly string[] {
    return [...(this.#pending?.reasons ?? [])];
  }

  /** Whether what waits does not wait for older Envoys to end. */
  get force(): boolean {
    return this.#pending?.force ?? false;
  }

  add(reason: string, { ifChanged = false, force = false }: RestartOptions = {}): Promise<RestartOutcome> {
    if (this.#refusal !== undefined) return Promise.resolve(this.#refused(reason, this.#refusal));
    const pending = (this.#pending ??= {
      reasons: [],
      ifChanged,
      force,
      outcome: Promise.withResolvers<RestartOutcome>(),
    });
    if (!pending.reasons.includes(reason)) pending.reasons.push(reason);
    pending.ifChanged &&= ifChanged;
    pending.force ||= force;
    this.#changed.notify();
    return pending.outcome.promise;
  }

  /** Takes what waits; later requests wait for the next restart. */
  take(): RestartRequest | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    this.#pending = undefined;
    const { reasons, ifChanged, force, outcome } = pending;
    return { reason: reasons.join(', '), ifChanged, force, answer: outcome.resolve };
  }

  /** Refuses what waits and everything that comes. */
  refuse(why: string): void {
    this.#refusal ??= why;
    const request = this.take();
    request?.answer(this.#refused(request.reason, this.#refusal));
  }

  #refused(reason: string, why: string): RestartOutcome {
    this.#log.error(`hot restart (${reason}) refused: ${why}`);
    return { kind: 'refused', why };
  }
}
