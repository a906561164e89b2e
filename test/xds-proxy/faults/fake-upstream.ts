// One stream of a control plane in memory. As with the real connection a response is given when the one before has
// been dealt with, and how the stream ended is told after the last of them.

import { status as Status } from '@grpc/grpc-js';

import type { Clock } from '../../../src/runtime/clock.ts';
import { abortable } from '../../../src/runtime/tasks.ts';
import { Ending } from '../../../src/xds-proxy/endings.ts';
import type { UpstreamStream } from '../../../src/xds-proxy/upstream-stream.ts';

type TakeResponse = (bytes: Buffer) => Promise<void>;

export class FakeUpstream implements UpstreamStream {
  readonly peer: string;
  readonly ended: Promise<Ending>;
  /** Requests that arrived, in order. */
  readonly received: Buffer[] = [];
  /** Responses that were sent, in order. */
  readonly sent: Buffer[] = [];
  /** The proxy has let go of it. */
  isClosed = false;
  isOver = false;
  /** It ended the stream itself, after the proxy had dealt with all it sent. */
  gaveAll = false;
  readonly #onResponse: TakeResponse;
  readonly #clock: Clock;
  readonly #resolveEnded: (ending: Ending) => void;
  readonly #waiting: Buffer[] = [];
  #pendingStatus: Ending | undefined;
  #isDelivering = false;
  #isReset = false;
  #reads = true;
  #failsNext = false;
  #stalled: (() => void)[] = [];

  constructor(peer: string, onResponse: TakeResponse, clock: Clock) {
    this.peer = peer;
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#onResponse = onResponse;
    this.#clock = clock;
  }

  async send(bytes: Buffer, signal: AbortSignal): Promise<void> {
    if (this.#failsNext) throw new Error('write EPIPE');
    while (!this.#reads) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#stalled.push(resolve);
      await abortable(promise, signal);
    }
    this.received.push(bytes);
  }

  /** It ends the stream itself within the time it is given, or is cut off. */
  async finish(): Promise<void> {
    const waiting = new AbortController();
    const linger = this.#clock.sleep(1000, waiting.signal).catch(() => undefined);
    await Promise.race([this.ended, linger]);
    waiting.abort();
    await this.close();
  }

  /** A response on its way may still arrive; the proxy learns the end when it has dealt with it. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.#waiting.splice(1);
    this.#isReset = true;
    this.endWith(Status.CANCELLED, 'Cancelled on client');
    await this.ended;
  }

  respond(bytes: Buffer): void {
    if (this.isOver || this.#pendingStatus !== undefined) return;
    this.sent.push(bytes);
    this.#waiting.push(bytes);
    void this.#deliver();
  }

  /** The responses sent before still arrive. */
  endWith(code: Status, details: string): void {
    this.#pendingStatus ??= new Ending('upstream', code, details);
    void this.#deliver();
  }

  /** What was under way is lost. */
  reset(code: Status, details: string): void {
    this.#isReset = true;
    this.#waiting.length = 0;
    this.endWith(code, details);
  }

  get reads(): boolean {
    return this.#reads;
  }

  setReading(reads: boolean): void {
    this.#reads = reads;
    if (reads) for (const resume of this.#stalled.splice(0)) resume();
  }

  failNextSend(): void {
    this.#failsNext = true;
  }

  async #deliver(): Promise<void> {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#onResponse(next);
    }
    this.#isDelivering = false;
    if (this.#pendingStatus === undefined || this.isOver) return;
    this.gaveAll = !this.#isReset;
    this.#over(this.#pendingStatus);
  }

  #over(ending: Ending): void {
    this.isOver = true;
    this.#waiting.length = 0;
    this.#resolveEnded(ending);
  }
}
