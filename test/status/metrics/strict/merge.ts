// A strict page from parts that are given as text.

import type { Format } from '../../../../src/status/metrics/formats.ts';
import type { PartType } from '../../../../src/status/metrics/page-filter.ts';
import { strictPage } from '../../../../src/status/metrics/strict/strict-page.ts';

export interface GivenPart {
  readonly type?: PartType;
  readonly format?: Format;
  readonly body: string | Buffer;
  /** How much of it arrives at once, in bytes; default: all. */
  readonly chunkBytes?: number;
  /** The connection is cut at the end. */
  readonly cut?: boolean;
}

export interface Merged {
  readonly page: string;
  /** `<type> <reason>` of each thing left out. */
  readonly conflicts: readonly string[];
}

export const CUT = new Error('the connection was cut');

/** @param parts text alone is a part of an application in the format of the page */
export async function merge(format: Format, parts: readonly (string | GivenPart)[]): Promise<Merged> {
  const conflicts: string[] = [];
  const filter = strictPage({ format }, (type, reason) => conflicts.push(`${type} ${reason}`));
  const written: Buffer[] = [];
  for (const part of parts) {
    const given: GivenPart = typeof part === 'string' ? { body: part, format } : part;
    const stream = filter.part(given.type ?? 'application', arriving(given), given.format ?? 'text');
    try {
      for await (const piece of stream) written.push(piece);
    } catch (error) {
      if (error !== CUT) throw error;
    }
  }
  return { page: Buffer.concat(written).toString() + filter.end(), conflicts };
}

async function* arriving({ body, chunkBytes, cut = false }: GivenPart): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(body);
  const size = chunkBytes ?? Math.max(bytes.length, 1);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  if (cut) throw CUT;
}
