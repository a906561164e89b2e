// The `# EOF` that ends a page in OpenMetrics, and has to go where another part follows.

import { setImmediate } from 'node:timers/promises';

/** All of a large body may be blanks to be looked at; in between other work gets its turn. */
const PIECES_PER_TURN = 16;

const MARK = Buffer.from('# EOF');

/** The last line of a page in OpenMetrics. */
export const END_LINE = '# EOF\n';

/** A body in pieces, without its mark and the blanks after it; a body that does not end in one is left as it is. */
export async function withoutEndMark(body: readonly Buffer[]): Promise<readonly Buffer[]> {
  let tail: Buffer = Buffer.alloc(0);
  let before = body.length;
  while (before > 0 && tail.length < MARK.length) {
    before -= 1;
    if (before % PIECES_PER_TURN === 0) await setImmediate();
    const piece = body[before] ?? tail;
    tail = trimmedEnd(tail.length === 0 ? piece : Buffer.concat([piece, tail]));
  }
  const markAt = tail.length - MARK.length;
  if (markAt < 0 || !tail.subarray(markAt).equals(MARK)) return body;
  return [...body.slice(0, before), tail.subarray(0, markAt)];
}

function trimmedEnd(text: Buffer): Buffer {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1])) end -= 1;
  return text.subarray(0, end);
}

/** Blank, tab, CR or LF; in plain comparisons, for a body may be all of these. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
