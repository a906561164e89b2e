// Notices a control plane that answers pings and says nothing: a stream that hangs like that looks alive for days.
// Off unless a limit is set, for a quiet mesh has nothing to say either.

import { status as Status } from '@grpc/grpc-js';

import type { Clock } from '../runtime/clock.ts';
import { formatDuration } from '../runtime/duration.ts';
import { Ending } from './endings.ts';

export class SilenceWatch {
  readonly #clock: Clock;
  readonly #maxMs: number;
  #heardMs: number;
  #isTaking = false;

  /** @param maxMs longest silence; 0: any */
  constructor(clock: Clock, maxMs: number) {
    this.#clock = clock;
    this.#maxMs = maxMs;
    this.#heardMs = clock.monotonicMs();
  }

  /** A response is being taken; until that is done nothing more is read, and silence means nothing. */
  async while<T>(taking: Promise<T>): Promise<T> {
    this.#isTaking = true;
    try {
      return await taking;
    } finally {
      this.#isTaking = false;
      this.#heardMs = this.#clock.monotonicMs();
    }
  }

  /**
   * Resolves when the limit is off.
   *
   * @throws Ending when the silence is too long; the signal's reason
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#maxMs === 0) return;
    this.#heardMs = this.#clock.monotonicMs();
    for (;;) {
      const silentMs = this.#isTaking ? 0 : this.#clock.monotonicMs() - this.#heardMs;
      if (silentMs >= this.#maxMs) throw this.#ending();
      await this.#clock.sleep(this.#maxMs - silentMs, signal);
    }
  }

  #ending(): Ending {
    const details = `the control plane has sent nothing for ${formatDuration(this.#maxMs)}`;
    return new Ending('upstream', Status.UNAVAILABLE, details);
  }
}
