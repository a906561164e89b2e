// What is wrong with the control plane: the newest trouble for those who ask, and a log line per change of cause.

import { CauseLog } from '../runtime/cause-log.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log, LogFields } from '../runtime/log.ts';
import type { Ending } from './endings.ts';

export interface UpstreamError {
  readonly text: string;
  readonly at: Date;
}

export class UpstreamTroubles {
  readonly #clock: Clock;
  readonly #causes: CauseLog;
  #last: UpstreamError | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#causes = new CauseLog(log);
  }

  /** The newest trouble, also after it is over; undefined when there never was one. */
  get last(): UpstreamError | undefined {
    return this.#last;
  }

  add(ending: Ending, fields: LogFields): void {
    this.#last = { text: ending.message, at: new Date(this.#clock.now()) };
    this.#causes.warn(`upstream terminated with unexpected error ${ending.message}`, fields);
  }

  /** The control plane works again: the same cause is news the next time. */
  over(): void {
    this.#causes.clear();
  }
}
