// Which content coding a client gets, and what makes it. Levels and windows are small: pages of metrics shrink to a
// twentieth with them too, and 200 scrapers at once take 40 MiB instead of 200.

import type { Transform } from 'node:stream';

import Negotiator from 'negotiator';

export type ContentCoding = 'zstd' | 'gzip';

/** Bodies below are not worth it, bytes. */
export const MIN_COMPRESSED_BYTES = 1024;

/** 32 KiB back, and about 200 KiB of memory per stream. */
const WINDOW_LOG = 15;

const COMPRESSED_TYPE =
  /^(?:audio|video|font|image\/(?!svg))|^application\/(?:[\w.+-]*(?:zip|compress|zstd|bzip|xz|7z|rar)|wasm\b)/i;

/**
 * What a client likes best of what this runtime can make, by weight, zstd first among equals; undefined: neither.
 *
 * @param acceptEncoding the header
 * @param codings that can be made, the best first
 */
export function acceptedCoding(
  acceptEncoding: string | undefined,
  codings: readonly ContentCoding[] = runtimeCodings(),
): ContentCoding | undefined {
  if (acceptEncoding === undefined || acceptEncoding === '') return undefined;
  const client = new Negotiator({ headers: { 'accept-encoding': acceptEncoding } }) as unknown as Encodings;
  const preferred = [...codings, 'identity'];
  const [best] = client.encodings(preferred, { preferred });
  return best === 'zstd' || best === 'gzip' ? best : undefined;
}

/** Whether bodies of this type are compressed by their nature. */
export function isCompressedType(contentType: string): boolean {
  return COMPRESSED_TYPE.test(contentType);
}

/** Takes the body and gives its coded form. Destroy it when the body does not come to its end: it holds memory. */
export function compressor(coding: ContentCoding): Transform {
  const { constants, createGzip, createZstdCompress } = process.getBuiltinModule('node:zlib');
  if (coding === 'gzip') return createGzip({ level: 1, windowBits: WINDOW_LOG - 1, memLevel: 7 });
  const { ZSTD_c_compressionLevel: level, ZSTD_c_windowLog: windowLog } = constants;
  return createZstdCompress({ params: { [level]: 1, [windowLog]: WINDOW_LOG } });
}

/** Its types lack the second argument. */
interface Encodings {
  encodings(available: readonly string[], options: { readonly preferred: readonly string[] }): string[];
}

/** Not every Node has zstd. */
function runtimeCodings(): readonly ContentCoding[] {
  const { createZstdCompress } = process.getBuiltinModule('node:zlib');
  return typeof createZstdCompress === 'function' ? ['zstd', 'gzip'] : ['gzip'];
}
