// One log line per change of cause: a fault that repeats at every retry is said once at warn, then at debug.

import type { Log, LogFields } from './log.ts';

export class CauseLog {
  readonly #log: Log;
  #last: string | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * @param fields of this occurrence; they do not make it another cause
   * @param cause what must differ from last time for the message to be said aloud. Default: the message
   */
  warn(message: string, fields?: LogFields, cause = message): void {
    if (this.isNews(cause)) this.#log.warn(message, fields);
    else this.#log.debug(message, fields);
    this.#last = cause;
  }

  /** Whether a warning of this cause would be said aloud. */
  isNews(cause: string): boolean {
    return cause !== this.#last;
  }

  /** The fault is over: the next one is said aloud again, whatever it is. */
  clear(): void {
    this.#last = undefined;
  }
}
