// The requests of one stream on their way to the control plane. Deliberately without a limit: a full queue would
// stop the reading from Envoy while the control plane waits for Envoy to read, and neither would move again.

import { abortable } from '../runtime/tasks.ts';

export interface QueuedRequest {
  readonly typeUrl: string;
  readonly bytes: Buffer;
}

export class RequestQueue {
  readonly #items: QueuedRequest[] = [];
  #arrived = Promise.withResolvers<void>();

  push(request: QueuedRequest): void {
    this.#items.push(request);
    this.#arrived.resolve();
  }

  /** The oldest request, waiting for one when there is none; rejects with the signal's reason. One caller at a time. */
  async take(signal: AbortSignal): Promise<QueuedRequest> {
    for (;;) {
      signal.throwIfAborted();
      const oldest = this.#items.shift();
      if (oldest !== undefined) return oldest;
      this.#arrived = Promise.withResolvers();
      await abortable(this.#arrived.promise, signal);
    }
  }
}
