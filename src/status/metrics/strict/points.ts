// OpenMetrics wants the samples of one point together: those of a family whose labels are the same but for `le` or
// `quantile`. The samples of a histogram's point are held until all are there, for only then it shows whether they
// parse. Text is not held: its parsers take buckets in any order, and a histogram in pieces.

import { FingerprintSet } from './fingerprints.ts';

/** A point with more lines than this does not go onto the page, in characters. */
const MAX_HELD = 256 * 1024;

/** The order of the points of one family. */
export class PointOrder {
  readonly #seen: FingerprintSet;
  #current: number | undefined;
  #timestamp = '';

  constructor(limit: number) {
    this.#seen = new FingerprintSet(limit);
  }

  /** Another family begins. */
  clear(): void {
    this.#seen.clear();
    this.#current = undefined;
  }

  isCurrent(point: number): boolean {
    return this.#current === point;
  }

  /**
   * @returns whether the sample belongs to the point under way or begins one; false: its point is over, or has another
   * timestamp, or there are more points than can be remembered
   */
  place(point: number, timestamp: string): boolean {
    if (this.#current === point) return timestamp === this.#timestamp;
    if (!this.#seen.add(point)) return false;
    this.#current = point;
    this.#timestamp = timestamp;
    return true;
  }
}

/** The samples of one point of a histogram. */
export class HistogramPoint {
  #text = '';
  #bound: number | undefined;
  #count = 0;
  #total: number | undefined;
  #sum: number | undefined;
  #gaugeSum = false;
  #negativeBound = false;

  /** @returns false: what comes so far does not go with it, and it is not taken */
  add(ending: string, value: number, bound: number | undefined, line: string): boolean {
    if (!this.#takes(ending, value, bound)) return false;
    if (this.#text.length <= MAX_HELD) this.#text += line;
    return true;
  }

  /** The lines, when a parser takes them together. */
  lines(): string | undefined {
    return this.#text.length <= MAX_HELD && this.#isWhole() ? this.#text : undefined;
  }

  #takes(ending: string, value: number, bound: number | undefined): boolean {
    if (ending === '_bucket') return bound !== undefined && this.#takesBucket(bound, value);
    if (ending === '_count' || ending === '_gcount') this.#total = value;
    if (ending === '_sum' || ending === '_gsum') {
      this.#sum = value;
      this.#gaugeSum = ending === '_gsum';
    }
    return true;
  }

  #takesBucket(bound: number, value: number): boolean {
    if (this.#bound !== undefined && bound <= this.#bound) return false;
    if (value < this.#count) return false;
    this.#bound = bound;
    this.#count = value;
    if (bound < 0) this.#negativeBound = true;
    return true;
  }

  #isWhole(): boolean {
    if (this.#bound !== Infinity) return false;
    if (this.#total !== undefined && this.#total !== this.#count) return false;
    if ((this.#sum === undefined) !== (this.#total === undefined)) return false;
    if (this.#sum === undefined) return true;
    return this.#gaugeSum ? this.#negativeBound || this.#sum >= 0 : !this.#negativeBound;
  }
}
