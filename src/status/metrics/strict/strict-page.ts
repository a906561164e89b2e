// METRICS_MERGE=strict: a page that parses whatever its parts are. The parts are read line by line while they stream; a
// family that is on the page already, and lines and families that do not parse, are left out and counted.
// Upstream: none. It puts the parts one after the other (parity-filter.ts).

import { END_LINE } from '../end-mark.ts';
import type { Page, PageFilter, PartType } from '../page-filter.ts';
import type { Conflict } from './family.ts';
import { FingerprintSet } from './fingerprints.ts';
import { LineCutter, slices } from './lines.ts';
import { MAX_REMEMBERED, PartMerger } from './part-merger.ts';

/** Told of each thing that is left out: a line, a point of a histogram, or a whole family. */
export type OnConflict = (type: PartType, reason: Conflict) => void;

export function strictPage(page: Pick<Page, 'format'>, onConflict: OnConflict): PageFilter {
  const toOpenMetrics = page.format !== 'text';
  const taken = new FingerprintSet(MAX_REMEMBERED);
  return {
    part: (type, body, format) => {
      const direction = { fromOpenMetrics: format !== 'text', toOpenMetrics };
      return merged(
        body,
        new PartMerger({ direction, taken, conflict: (reason) => onConflict(type, reason) }),
      );
    },
    end: () => (toOpenMetrics ? END_LINE : ''),
  };
}

/** When the body breaks off, so does this, after the lines that were complete. */
async function* merged(
  body: AsyncIterable<Buffer>,
  merger: PartMerger,
): AsyncGenerator<Buffer, void, undefined> {
  const cutter = new LineCutter(merger);
  try {
    for await (const slice of slices(body)) {
      cutter.push(slice);
      yield* written(merger);
    }
    cutter.end();
  } catch (error) {
    merger.end();
    yield* written(merger);
    throw error;
  }
  merger.end();
  yield* written(merger);
}

function* written(merger: PartMerger): Generator<Buffer, void, undefined> {
  const text = merger.take();
  if (text !== '') yield Buffer.from(text, 'latin1');
}
