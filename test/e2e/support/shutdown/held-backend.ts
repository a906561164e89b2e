// The application behind the pods that are ended: its answers last until the test lets them finish.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { Backend } from '../backend.ts';

/** Of an answer whose length is told in advance. */
export const HELD_BYTES = 4096;

const WRITE_EVERY_MS = 50;

/** `/` answers at once; `/held/<id>` and `/stream/<id>` from now until `finish`, one with a length, one in chunks. */
export class HeldBackend extends Backend {
  readonly #held = new Map<string, () => void>();

  private constructor() {
    super((request, response) => this.#answer(request, response));
  }

  static start(): Promise<HeldBackend> {
    return new HeldBackend().listen();
  }

  /** Lets an answer come to its end; nothing happens when there is no such answer. */
  finish(id: string): void {
    this.#held.get(id)?.();
  }

  #answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const [, kind, id] = url.split('/');
    if (id === undefined) response.end('hi\n');
    else this.#hold(response, id, kind === 'held' ? HELD_BYTES : undefined);
  }

  /** A byte now and then, the rest at the end. */
  #hold(response: ServerResponse, id: string, length: number | undefined): void {
    response.writeHead(200, length === undefined ? {} : { 'content-length': length });
    let written = 0;
    const write = (): void => {
      if (length !== undefined && written >= length - 1) return;
      response.write('.');
      written += 1;
    };
    write();
    const timer = setInterval(write, WRITE_EVERY_MS);
    this.#held.set(id, () => response.end('.'.repeat((length ?? written + 1) - written)));
    response.once('close', () => {
      clearInterval(timer);
      this.#held.delete(id);
    });
  }
}
