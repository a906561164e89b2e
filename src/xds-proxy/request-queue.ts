// The requests of one stream on their way to the control plane. Adding never waits: a queue that made Envoy wait
// could deadlock, for the control plane may be waiting for Envoy to read. Its limit ends the stream instead.

import { abortable } from '../runtime/tasks.ts';

export interface QueuedRequest {
  readonly typeUrl: string;
  readonly bytes: Buffer;
}

/** What a waiting request takes beside its bytes, about; without it a flood of empty ones would have no limit. */
const OVERHEAD_BYTES = 128;

/** Taken requests leave a gap at the front, closed when it has this many places and half of all. */
const LARGE_GAP = 1024;

export class RequestQueue {
  readonly #items: (QueuedRequest | undefined)[] = [];
  /** Where the oldest is; those before it are taken. */
  #first = 0;
  #sizeBytes = 0;
  #arrived = Promise.withResolvers<void>();

  get length(): number {
    return this.#items.length - this.#first;
  }

  /** Memory the waiting requests take, bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(request: QueuedRequest): void {
    this.#items.push(request);
    this.#sizeBytes += memoryOf(request);
    this.#arrived.resolve();
  }

  /** The oldest request, waiting for one when there is none; rejects with the signal's reason. One caller at a time. */
  async take(signal: AbortSignal): Promise<QueuedRequest> {
    for (;;) {
      signal.throwIfAborted();
      const oldest = this.#shift();
      if (oldest !== undefined) return oldest;
      this.#arrived = Promise.withResolvers();
      await abortable(this.#arrived.promise, signal);
    }
  }

  #shift(): QueuedRequest | undefined {
    const oldest = this.#items[this.#first];
    if (oldest === undefined) return undefined;
    this.#items[this.#first++] = undefined;
    this.#sizeBytes -= memoryOf(oldest);
    const isGapLarge = this.#first >= LARGE_GAP && this.#first * 2 >= this.#items.length;
    if (this.length === 0 || isGapLarge) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    return oldest;
  }
}

function memoryOf({ bytes, typeUrl }: QueuedRequest): number {
  return OVERHEAD_BYTES + typeUrl.length + bytes.length;
}
