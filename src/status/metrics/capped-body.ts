// A body that is kept in memory as a whole, up to a size.

import { AgentError } from '../../runtime/errors.ts';

/** The body is longer than it may be. */
export class CappedBodyError extends AgentError {}

/** The pieces of a body of at most `maxBytes`. @throws CappedBodyError as soon as more has come */
export async function cappedBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new CappedBodyError(`the body is longer than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return pieces;
}
