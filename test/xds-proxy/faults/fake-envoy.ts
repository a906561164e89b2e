// Envoy's end of a stream in memory: what it is sent it takes at once, or not before it reads on.

import type { status as Status } from '@grpc/grpc-js';

import type { Downstream, DownstreamListener } from '../../../src/xds-proxy/downstream.ts';

interface PendingWrite {
  readonly bytes: Buffer;
  readonly taken: () => void;
  readonly failed: (error: Error) => void;
}

export class FakeEnvoy implements Downstream {
  /** Taken, in order. */
  readonly received: Buffer[] = [];
  /** With which the proxy ended the stream, every time it did. */
  readonly statuses: Status[] = [];
  isGone = false;
  #reads = true;
  #failsNext = false;
  #writes: PendingWrite[] = [];
  #listener: DownstreamListener | undefined;

  listen(listener: DownstreamListener): void {
    this.#listener = listener;
  }

  write(bytes: Buffer): Promise<void> {
    return new Promise((taken, failed) => {
      this.#writes.push({ bytes, taken, failed });
      this.#take();
    });
  }

  /** As grpc-js does it: our own end is followed by the news that the stream is gone. */
  end(code: Status): void {
    this.statuses.push(code);
    queueMicrotask(() => this.#vanish());
  }

  /** Responses the proxy has handed over and Envoy has not taken. */
  get pendingWrites(): number {
    return this.#writes.length;
  }

  get isOver(): boolean {
    return this.isGone || this.statuses.length > 0;
  }

  /** Also on a stream that is over: grpc-js hands out what it had read before. */
  request(bytes: Buffer): void {
    this.#listener?.onRequest(bytes);
  }

  get reads(): boolean {
    return this.#reads;
  }

  setReading(reads: boolean): void {
    this.#reads = reads;
    this.#take();
  }

  /** The write that is pending, or else the next one, fails. */
  failWrite(): void {
    this.#failsNext = true;
    this.#take();
  }

  halfClose(): void {
    this.#listener?.onHalfClose();
  }

  cut(): void {
    this.#vanish();
  }

  #vanish(): void {
    this.isGone = true;
    this.#writes = []; // grpc-js never tells what became of them
    this.#listener?.onGone();
  }

  #take(): void {
    if (this.isGone || (!this.#reads && !this.#failsNext)) return;
    for (const { bytes, taken, failed } of this.#writes.splice(0)) {
      if (this.#failsNext) failed(new Error('write EPIPE'));
      else taken();
      if (!this.#failsNext) this.received.push(bytes);
      this.#failsNext = false;
    }
  }
}
