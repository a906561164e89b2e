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
    this.#say('warn', message, fields, cause);
  }

  /** As `warn`, for a fault that somebody has to mend. */
  error(message: string, fields?: LogFields, cause = message): void {
    this.#say('error', message, fields, cause);
  }

  /** Whether a warning of this cause would be said aloud. */
  isNews(cause: string): boolean {
    return cause !== this.#last;
  }

  /** The fault is over: the next one is said aloud again, whatever it is. */
  clear(): void {
    this.#last = undefined;
  }

  #say(level: 'warn' | 'error', message: string, fields: LogFields | undefined, cause: string): void {
    this.#log[this.isNews(cause) ? level : 'debug'](message, fields);
    this.#last = cause;
  }
}

/** Subjects remembered: clients may make up any number. */
const MAX_SUBJECTS = 1000;

/** One log of causes per subject: what one fails of is no news or old news of another. */
export class CauseLogs {
  readonly #log: Log;
  /** Of the subjects that fail now, the longest known first. */
  readonly #logs = new Map<string, CauseLog>();

  constructor(log: Log) {
    this.#log = log;
  }

  of(subject: string): CauseLog {
    const log = this.#logs.get(subject) ?? new CauseLog(this.#log);
    this.#logs.set(subject, log);
    const [first] = this.#logs.keys();
    if (this.#logs.size > MAX_SUBJECTS && first !== undefined) this.#logs.delete(first);
    return log;
  }

  /** The fault of this subject is over. */
  clear(subject: string): void {
    this.#logs.delete(subject);
  }
}
