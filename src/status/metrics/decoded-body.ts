// The body of an answer as it was before it was compressed. Nobody asked for compression; some do it all the same.

import type { IncomingMessage } from 'node:http';
import { pipeline, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

import { AgentError } from '../../runtime/errors.ts';
import { excerpt } from '../../runtime/excerpt.ts';

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** @throws AgentError for an encoding that is not known, or a chain of several */
export function decodedBody(response: IncomingMessage): AsyncIterable<Buffer> {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return response;
  const decoder = DECODERS.get(encoding)?.();
  if (decoder === undefined)
    throw new AgentError(`unknown Content-Encoding ${JSON.stringify(excerpt(encoding))}`);
  pipeline(response, decoder, () => undefined); // whoever reads the decoder gets the error
  return decoder;
}
