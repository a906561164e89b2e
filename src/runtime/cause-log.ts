// One log line per change of cause: a fault that repeats at every retry is said once at warn, then at debug.

import type { Log, LogFields } from './log.ts';

export class CauseLog {
  readonly #log: Log;
  #last: string | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * @param message cause included; the same text as last time counts as the same cause
   * @param fields of this occurrence; they do not make it another cause
   */
  warn(message: string, fields?: LogFields): void {
    if (message === this.#last) this.#log.debug(message, fields);
    else this.#log.warn(message, fields);
    this.#last = message;
  }

  /** The fault is over: the next one is said aloud again, whatever it is. */
  clear(): void {
    this.#last = undefined;
  }
}
