// What became of the requests of one kind of client, and for how long nobody was answered.

export interface Counts {
  readonly sent: number;
  readonly answered: number;
  /** Sent once more after NotServed; contained in `sent` only once. */
  readonly resent: number;
  /** From sending to the complete answer. */
  readonly slowestMs: number;
  /** Longest time between two answers, whoever got them. */
  readonly longestGapMs: number;
  /** Longest time from a failure to the next answer, whoever got it; 0 without a failure. */
  readonly longestOutageMs: number;
  /** One line per failed request, with the time. */
  readonly failures: readonly string[];
}

export class Tally {
  #sent = 0;
  #answered = 0;
  #resent = 0;
  #slowestMs = 0;
  #longestGapMs = 0;
  #longestOutageMs = 0;
  #failures: string[] = [];
  #lastAnswerMs: number | undefined;
  #firstFailureMs: number | undefined;

  /** To be called when a request is over. @param startMs when it was sent, by `performance.now()` */
  answered(startMs: number, resent: boolean): void {
    const now = performance.now();
    this.#sent += 1;
    this.#answered += 1;
    if (resent) this.#resent += 1;
    this.#slowestMs = Math.max(this.#slowestMs, now - startMs);
    this.#noteQuiet(now);
    this.#lastAnswerMs = now;
    this.#firstFailureMs = undefined;
  }

  /** To be called when a request is over. */
  failed(why: string): void {
    this.#sent += 1;
    this.#firstFailureMs ??= performance.now();
    this.#failures.push(`${new Date().toISOString()} ${why}`);
  }

  /** The counts since the last time, and starts anew; an outage that lasts goes on. */
  take(): Counts {
    this.#noteQuiet(performance.now());
    const counts = {
      sent: this.#sent,
      answered: this.#answered,
      resent: this.#resent,
      slowestMs: this.#slowestMs,
      longestGapMs: this.#longestGapMs,
      longestOutageMs: this.#longestOutageMs,
      failures: this.#failures,
    };
    [this.#sent, this.#answered, this.#resent] = [0, 0, 0];
    [this.#slowestMs, this.#longestGapMs, this.#longestOutageMs] = [0, 0, 0];
    this.#failures = [];
    return counts;
  }

  #noteQuiet(now: number): void {
    this.#longestGapMs = Math.max(this.#longestGapMs, now - (this.#lastAnswerMs ?? now));
    if (this.#firstFailureMs === undefined) return;
    this.#longestOutageMs = Math.max(this.#longestOutageMs, now - this.#firstFailureMs);
  }
}
