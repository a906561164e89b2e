// What becomes of a planned restart: the answer for whoever asked, one line in the log, and the counts.

import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { EnvoyObserver, RestartCounts, RestartRecord } from '../snapshot.ts';

export type RestartOutcome =
  | {
      readonly kind: 'committed';
      readonly epoch: number;
      readonly generation: number;
      /** Listeners the old Envoy had from the control plane and the new one lacks; absent: none. */
      readonly lostListeners?: readonly string[];
    }
  /** Asked for only if something has changed, and nothing has: no process was started. */
  | { readonly kind: 'unchanged' }
  /** No process was started. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The new Envoy did not come up; the old one serves on if it lives. */
  | { readonly kind: 'rolled-back'; readonly why: string };

export interface RestartOutcomesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: EnvoyObserver;
}

export class RestartOutcomes {
  readonly #deps: RestartOutcomesDeps;
  #counts: RestartCounts = { committed: 0, refused: 0, rolledBack: 0, crashed: 0 };
  #last: RestartRecord | undefined;

  constructor(deps: RestartOutcomesDeps) {
    this.#deps = deps;
  }

  get counts(): RestartCounts {
    return this.#counts;
  }

  /** Undefined: there was none yet. */
  get last(): RestartRecord | undefined {
    return this.#last;
  }

  /** @param beganMs monotonic milliseconds of the first look at its gates */
  note(outcome: RestartOutcome, reason: string, beganMs: number): void {
    const { clock, observer } = this.#deps;
    this.#count(outcome.kind);
    this.#say(outcome, reason);
    const error = 'why' in outcome ? outcome.why : '';
    const durationMs = Math.round(clock.monotonicMs() - beganMs);
    const record = { reason, outcome: outcome.kind, error, durationMs, ended: new Date(clock.now()) };
    this.#last = record;
    observer.restarted(record);
  }

  /** An Envoy ended unasked. */
  noteCrash(): void {
    this.#counts = { ...this.#counts, crashed: this.#counts.crashed + 1 };
  }

  #count(kind: RestartOutcome['kind']): void {
    if (kind === 'unchanged') return;
    const name = kind === 'rolled-back' ? 'rolledBack' : kind;
    this.#counts = { ...this.#counts, [name]: this.#counts[name] + 1 };
  }

  #say(outcome: RestartOutcome, reason: string): void {
    const { log } = this.#deps;
    switch (outcome.kind) {
      case 'committed':
        return log.info(`hot restart (${reason}): epoch ${outcome.epoch} took over`);
      case 'unchanged':
        return log.debug(`hot restart (${reason}) not needed: nothing has changed`);
      case 'refused':
        return log.error(`hot restart (${reason}) refused: ${outcome.why}`);
      case 'rolled-back':
        return log.error(`hot restart (${reason}) rolled back: ${outcome.why}`);
    }
  }
}
