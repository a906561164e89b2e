// A body that may break off: the line in which it does is left out, because half a number is another number.

const NEWLINE = 0x0a;

/** A line that is longer comes in pieces, whatever happens to its end, bytes. */
const MAX_LINE = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/** The body as it is; when it throws, so does this, after the last whole line. */
export async function* wholeLines(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer = NOTHING;
  for await (const chunk of body) {
    const joined = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const newline = joined.lastIndexOf(NEWLINE);
    const end = newline < 0 && joined.length > MAX_LINE ? joined.length : newline + 1;
    if (end > 0) yield joined.subarray(0, end);
    held = joined.subarray(end);
  }
  if (held.length > 0) yield held;
}
