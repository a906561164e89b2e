// Requests for a planned restart: those that wait at the same time are answered by one restart.

import type { Clock } from '../../runtime/clock.ts';
import type { Condition } from '../condition.ts';
import type { RestartOutcome, RestartOutcomes } from './restart-outcome.ts';

export interface RestartOptions {
  /** Restart only if what Envoy would be started with has changed; for requests of files. Default false. */
  readonly ifChanged?: boolean;
  /**
   * Do not wait for an older Envoy that drains: its connections are cut. Also against a lack of memory, and with what
   * Envoy has refused before. Default false.
   */
  readonly force?: boolean;
}

export interface RestartRequest extends Required<RestartOptions> {
  /** Every reason that was given, each once. */
  readonly reasons: readonly string[];
  readonly answer: (outcome: RestartOutcome) => void;
}

interface Pending {
  readonly reasons: string[];
  /** Only when every request says so. */
  ifChanged: boolean;
  /** As soon as one request says so. */
  force: boolean;
  /** Monotonic milliseconds; 0: at once. */
  notBeforeMs: number;
  readonly outcome: PromiseWithResolvers<RestartOutcome>;
}

export interface RestartRequestsDeps {
  readonly clock: Clock;
  /** Notified when there is something to do. */
  readonly changed: Condition;
  readonly outcomes: RestartOutcomes;
}

export class RestartRequests {
  readonly #deps: RestartRequestsDeps;
  #pending: Pending | undefined;
  #refusal: string | undefined;

  constructor(deps: RestartRequestsDeps) {
    this.#deps = deps;
  }

  /** What waits; undefined: nothing does. */
  get waiting(): Readonly<Omit<Pending, 'outcome'>> | undefined {
    return this.#pending;
  }

  /** Why everything that comes is refused; undefined: it is not. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  add(reason: string, { ifChanged = false, force = false }: RestartOptions = {}): Promise<RestartOutcome> {
    if (this.#refusal !== undefined) return Promise.resolve(this.#refused(reason, this.#refusal));
    this.#pending ??= { reasons: [], ifChanged, force, notBeforeMs: 0, outcome: Promise.withResolvers() };
    return this.#join(this.#pending, [reason], { ifChanged, force });
  }

  /** Takes what waits; later requests wait for the next restart. */
  take(): RestartRequest | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    this.#pending = undefined;
    const { reasons, ifChanged, force, outcome } = pending;
    return { reasons, ifChanged, force, answer: outcome.resolve };
  }

  /** Lets a request that was taken wait again, together with what has come meanwhile; not with a refusal. */
  postpone({ reasons, ifChanged, force, answer }: RestartRequest, notBeforeMs: number): void {
    if (this.#refusal !== undefined) return answer(this.#refused(reasons.join(', '), this.#refusal));
    this.#pending ??= { reasons: [], ifChanged, force, notBeforeMs, outcome: Promise.withResolvers() };
    void this.#join(this.#pending, reasons, { ifChanged, force }).then(answer);
  }

  /** Refuses what waits and everything that comes. */
  refuse(why: string): void {
    this.#refusal ??= why;
    const request = this.take();
    request?.answer(this.#refused(request.reasons.join(', '), this.#refusal));
  }

  #join(
    pending: Pending,
    reasons: readonly string[],
    { ifChanged, force }: Required<RestartOptions>,
  ): Promise<RestartOutcome> {
    pending.reasons.push(...reasons.filter((reason) => !pending.reasons.includes(reason)));
    pending.ifChanged &&= ifChanged;
    pending.force ||= force;
    if (!ifChanged) pending.notBeforeMs = 0; // somebody wants an answer
    this.#deps.changed.notify();
    return pending.outcome.promise;
  }

  #refused(reason: string, why: string): RestartOutcome {
    const outcome: RestartOutcome = { kind: 'refused', why };
    this.#deps.outcomes.note(outcome, reason, this.#deps.clock.monotonicMs());
    return outcome;
  }
}
