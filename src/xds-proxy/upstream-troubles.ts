// What is wrong with the control plane, told once: a warning per change of cause, the repetitions at debug.

import type { Clock } from '../runtime/clock.ts';
import type { Log, LogFields } from '../runtime/log.ts';
import type { Ending } from './endings.ts';

export interface UpstreamError {
  readonly text: string;
  readonly at: Date;
}

export class UpstreamTroubles {
  readonly #clock: Clock;
  readonly #log: Log;
  #told: string | undefined;
  #last: UpstreamError | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The newest trouble, also after it is over; undefined when there never was one. */
  get last(): UpstreamError | undefined {
    return this.#last;
  }

  add(ending: Ending, fields: LogFields): void {
    const text = `upstream terminated with unexpected error ${ending.message}`;
    this.#last = { text: ending.message, at: new Date(this.#clock.now()) };
    if (this.#told === ending.message) this.#log.debug(text, fields);
    else this.#log.warn(text, fields);
    this.#told = ending.message;
  }

  /** The control plane works again: the same cause is news the next time. */
  over(): void {
    this.#told = undefined;
  }
}
