// Cuts a body into lines while it arrives. A line is handed on when it is complete; of one that is too long nothing is
// kept. Bytes are read as latin1, one character each, which costs nothing and loses nothing.

import { setImmediate } from 'node:timers/promises';

/** Longer lines are left out, in bytes. */
export const MAX_LINE_BYTES = 64 * 1024;
/** How much is worked on in one turn of the event loop, in bytes: about a millisecond. */
const TURN_BYTES = 64 * 1024;

/** The body in pieces of at most one turn's work, each but the first in a turn of its own once that much is done. */
export async function* slices(body: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let sinceTurn = 0;
  for await (const chunk of body) {
    for (let start = 0; start < chunk.length; start += TURN_BYTES) {
      const slice = chunk.toString('latin1', start, start + TURN_BYTES);
      if (sinceTurn + slice.length > TURN_BYTES) {
        await setImmediate();
        sinceTurn = 0;
      }
      sinceTurn += slice.length;
      yield slice;
    }
  }
}

export interface LineReceiver {
  /** A line of `text` from `start` to before `end`, without its newline. */
  readonly line: (text: string, start: number, end: number) => void;
  readonly tooLong: () => void;
}

export class LineCutter {
  readonly #receiver: LineReceiver;
  #rest = '';
  /** The line under way is too long: what is left of it is passed over. */
  #passing = false;

  constructor(receiver: LineReceiver) {
    this.#receiver = receiver;
  }

  push(slice: string): void {
    const text = this.#rest + slice;
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#complete(text, start, end);
      start = end + 1;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length > MAX_LINE_BYTES) this.#passOver();
  }

  /** The body is complete: what follows its last newline is a line, too. */
  end(): void {
    const last = this.#rest;
    this.#rest = '';
    if (last !== '') this.#complete(last, 0, last.length);
  }

  #complete(text: string, start: number, end: number): void {
    if (this.#passing) this.#passing = false;
    else if (end - start > MAX_LINE_BYTES) this.#receiver.tooLong();
    else this.#receiver.line(text, start, end);
  }

  #passOver(): void {
    if (!this.#passing) this.#receiver.tooLong();
    this.#passing = true;
    this.#rest = '';
  }
}
