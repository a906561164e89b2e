// One open ADS stream: takes requests and changes one after another and writes what the session answers. A slow
// client holds up only itself: it is read and written one message at a time, and changes that come meanwhile are
// looked at once.

import type { ServerDuplexStream } from '@grpc/grpc-js';

import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { statusOf } from './call-error.ts';
import type { Session } from './session.ts';

export type AdsCall = ServerDuplexStream<Buffer, Buffer>;

export interface AdsConnectionDeps {
  readonly call: AdsCall;
  readonly session: Session;
  readonly log: Log;
}

export class AdsConnection {
  readonly #deps: AdsConnectionDeps;
  readonly #closed = Promise.withResolvers<void>();
  #isOpen = true;
  #turn: Promise<void> = Promise.resolve();
  #changePending = false;

  constructor(deps: AdsConnectionDeps) {
    this.#deps = deps;
  }

  /** Resolves when the stream is over, for whatever reason. */
  async serve(): Promise<void> {
    const { call, session } = this.#deps;
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close()); // our own ending with a status, or a broken connection: both are final
    call.on('end', () => {
      if (this.#isOpen) call.end();
      this.#close();
    });
    call.on('data', (bytes: Buffer) => {
      call.pause();
      void this.#inTurn(() => session.onRequest(bytes)).then(() => call.resume());
    });
    if (call.cancelled) this.#close(); // while the caller was being authenticated
    await this.#closed.promise;
  }

  /** The configuration may have changed; what is due is sent as soon as the stream is free. */
  changed(): void {
    if (this.#changePending) return;
    this.#changePending = true;
    void this.#inTurn(() => {
      this.#changePending = false;
      return this.#deps.session.onChange();
    });
  }

  /** Never rejects: a failure ends the stream with its status. */
  #inTurn(answer: () => Buffer[]): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      if (!this.#isOpen) return;
      try {
        for (const bytes of answer()) await this.#write(bytes);
      } catch (error) {
        this.#fail(error);
      }
    });
    return this.#turn;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (!this.#isOpen) return;
    const written = new Promise<void>((resolve) => {
      this.#deps.call.write(bytes, () => resolve());
    });
    await Promise.race([written, this.#closed.promise]);
  }

  #fail(error: unknown): void {
    this.#deps.log.warn(`ADS: stream ended: ${messageOf(error)}`);
    this.#deps.call.emit('error', statusOf(error));
  }

  #close(): void {
    this.#isOpen = false;
    this.#closed.resolve();
  }
}
