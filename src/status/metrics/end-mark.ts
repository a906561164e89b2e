// The `# EOF` that ends a page in OpenMetrics, and has to go where another part follows.

const MARK = Buffer.from('# EOF');
const BLANKS: ReadonlySet<number> = new Set(Buffer.from(' \t\r\n'));

/** The last line of a page in OpenMetrics. */
export const END_LINE = '# EOF\n';

/** A body in pieces, without its mark and the blanks after it; a body that does not end in one is left as it is. */
export function withoutEndMark(body: readonly Buffer[]): readonly Buffer[] {
  let tail: Buffer = Buffer.alloc(0);
  let before = body.length;
  while (before > 0 && tail.length < MARK.length) {
    before -= 1;
    tail = trimmedEnd(Buffer.concat([body[before] ?? tail, tail]));
  }
  const markAt = tail.length - MARK.length;
  if (markAt < 0 || !tail.subarray(markAt).equals(MARK)) return body;
  return [...body.slice(0, before), tail.subarray(0, markAt)];
}

function trimmedEnd(text: Buffer): Buffer {
  let end = text.length;
  while (end > 0 && BLANKS.has(text[end - 1] ?? 0)) end -= 1;
  return text.subarray(0, end);
}
