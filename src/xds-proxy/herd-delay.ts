// Spreads the reconnects of many agents after the control plane went away. Envoy's own backoff starts at half a
// second; this adds a random wait, but only when streams keep ending young. One instance per generation.

import { SECOND_MS } from '../runtime/duration.ts';

/** A stream that lived this long was a success, milliseconds. */
const YOUNG_MS = 5 * SECOND_MS;

const MAX_DELAY_MS = 10 * SECOND_MS;

/** How long a stream to the control plane was open, and who is to blame for its end. */
export interface StreamLife {
  /** 0 when the stream could not be opened. */
  readonly livedMs: number;
  /** The control plane ended it, or was not reached; false when Envoy or the agent had no more use for it. */
  readonly failed: boolean;
}

export class HerdDelay {
  readonly #random: () => number;
  #youngFailures = 0;

  /** @param random uniform in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next connect; 0 for the first connect and the first reconnect. */
  nextMs(): number {
    return this.#youngFailures < 2 ? 0 : this.#random() * MAX_DELAY_MS;
  }

  streamEnded({ livedMs, failed }: StreamLife): void {
    if (livedMs >= YOUNG_MS) this.#youngFailures = 0;
    else if (failed) this.#youngFailures += 1;
  }
}
