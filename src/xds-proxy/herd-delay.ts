// Spreads the reconnects of many agents after the control plane went away. Envoy's own backoff starts at half a
// second; this adds a random wait, but only when streams keep ending young. One instance per generation.

import { SECOND_MS } from '../runtime/duration.ts';

/** A stream that lived this long was a success, milliseconds. */
const YOUNG_MS = 5 * SECOND_MS;

const MAX_DELAY_MS = 10 * SECOND_MS;

export class HerdDelay {
  readonly #random: () => number;
  #youngEndings = 0;

  /** @param random uniform in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next connect; 0 for the first connect and the first reconnect. */
  nextMs(): number {
    return this.#youngEndings < 2 ? 0 : this.#random() * MAX_DELAY_MS;
  }

  /** @param livedMs how long the stream to the control plane was open; 0 when it could not be opened */
  upstreamEnded(livedMs: number): void {
    this.#youngEndings = livedMs < YOUNG_MS ? this.#youngEndings + 1 : 0;
  }
}
