// A body that may break off: the line in which it does is left out, because half a number is another number.

const NEWLINE = 0x0a;

/** A line that is longer comes in pieces, whatever happens to its end, bytes. */
const MAX_LINE = 64 * 1024;

/** The body as it is, lines as soon as they are whole; when it throws, so does this. */
export async function* wholeLines(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []; // a line without its end so far
  let begunBytes = 0;
  for await (const chunk of body) {
    const newline = chunk.lastIndexOf(NEWLINE);
    const isTooLong = newline < 0 && begunBytes + chunk.length > MAX_LINE;
    const end = isTooLong ? chunk.length : newline + 1;
    if (end > 0) {
      yield* begun;
      yield chunk.subarray(0, end);
      [begun, begunBytes] = [[], 0];
    }
    begun.push(chunk.subarray(end));
    begunBytes += chunk.length - end;
  }
  yield* begun;
}
