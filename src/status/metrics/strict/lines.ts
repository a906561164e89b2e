// Cuts a body into lines while it arrives. A line is handed on when it is complete; of one that is too long nothing is
// kept. Bytes are read as latin1, one character each, which costs nothing and loses nothing.

import { setImmediate } from 'node:timers/promises';

/** Longer lines are left out, in bytes. */
export const MAX_LINE_BYTES = 64 * 1024;
/** How much is worked on in one turn of the event loop, bytes: a fraction of a millisecond, of a cold start some. */
export const TURN_BYTES = 16 * 1024;

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
    const first = slice.indexOf('\n');
    const begun = this.#rest + (first < 0 ? slice : slice.slice(0, first));
    if (first < 0) return this.#begin(begun);
    this.#complete(begun, 0, begun.length); // apart from the others: a string put together is slow to go through
    let start = first + 1;
    for (let end = slice.indexOf('\n', start); end >= 0; end = slice.indexOf('\n', start)) {
      this.#complete(slice, start, end);
      start = end + 1;
    }
    this.#begin(slice.slice(start));
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

  #begin(rest: string): void {
    this.#rest = rest;
    if (rest.length <= MAX_LINE_BYTES) return;
    if (!this.#passing) this.#receiver.tooLong();
    this.#passing = true;
    this.#rest = '';
  }
}
