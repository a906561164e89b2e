// The default: parts stay as they are, byte for byte as the reference writes them. Families that two parts have are
// there twice.

import { END_LINE, withoutEndMark } from './end-mark.ts';
import type { Page, PageFilter } from './page-filter.ts';

const NEWLINE = 0x0a;

export function parityFilter({ format, targets }: Page): PageFilter {
  const isJoined = targets > 1; // a single application ends the page with its own end mark
  return {
    part: (type, body) => (isJoined && type === 'application' ? joinable(body) : body),
    end: () => (isJoined && format !== 'text' ? END_LINE : ''),
  };
}

/** Another part may follow: no end mark, and a newline at the end. */
async function* joinable(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const whole: Buffer[] = []; // of several applications each body is in memory already
  for await (const piece of body) whole.push(piece);
  const pieces = await withoutEndMark(whole);
  yield* pieces;
  const last = pieces.findLast(({ length }) => length > 0)?.at(-1);
  if (last !== undefined && last !== NEWLINE) yield Buffer.from('\n');
}
