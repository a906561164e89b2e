// Requests for a planned restart: those that wait at the same time are answered by one restart.

import type { Log } from '../runtime/log.ts';
import type { Condition } from './condition.ts';
import type { RestartOutcome } from './handoff.ts';

export interface RestartRequest {
  /** Every reason that was given, joined. */
  readonly reason: string;
  readonly answer: (outcome: RestartOutcome) => void;
}

interface Pending {
  readonly reasons: string[];
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

  add(reason: string): Promise<RestartOutcome> {
    if (this.#refusal !== undefined) return Promise.resolve(this.#refused(reason, this.#refusal));
    this.#pending ??= { reasons: [], outcome: Promise.withResolvers() };
    if (!this.#pending.reasons.includes(reason)) this.#pending.reasons.push(reason);
    this.#changed.notify();
    return this.#pending.outcome.promise;
  }

  /** Takes what waits; later requests wait for the next restart. */
  take(): RestartRequest | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    this.#pending = undefined;
    return { reason: pending.reasons.join(', '), answer: pending.outcome.resolve };
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
