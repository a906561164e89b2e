import { deepEqual } from 'node:assert/strict';

import { segmentsOf, sourcesAt } from '../../image/source-map.ts';

/** Three lines of output; the last has a token of another file, and one without any. */
const MAP = { sources: ['a.ts', 'b.ts'], mappings: 'AAAA,IAAM;;AACI,EAAE,CAAD,KCDJ,Q' };

function positions(mappings: string): string[] {
  const texts: string[] = [];
  for (const { line, column, source, sourceLine, sourceColumn } of segmentsOf(mappings))
    texts.push(`${line}:${column} is ${source} ${sourceLine}:${sourceColumn}`);
  return texts;
}

describe('segmentsOf', () => {
  it('gives the stretches that have a source, counted from the start', () => {
    deepEqual(positions(MAP.mappings), [
      '0:0 is 0 0:0',
      '0:4 is 0 0:6',
      '2:0 is 0 1:10',
      '2:2 is 0 1:12',
      '2:3 is 0 1:11',
      '2:8 is 1 0:7',
    ]);
  });

  it('reads numbers of several digits', () => {
    deepEqual(positions('gCAAiqC;AACrqC'), ['0:32 is 0 0:1185', '1:0 is 0 1:-4']);
  });
});

describe('sourcesAt', () => {
  it('names the token that begins at or before each position of its line, from 1', () => {
    const at = (line: number, column: number) => ({ line, column });

    const sources = sourcesAt(MAP, [at(2, 9), at(0, 3), at(0, 4), at(2, 2)]);

    deepEqual(sources, ['b.ts:1:8', 'a.ts:1:1', 'a.ts:1:7', 'a.ts:2:13']);
  });

  it('knows no source of a line without tokens, or of one after the last', () => {
    deepEqual(
      sourcesAt(MAP, [
        { line: 1, column: 5 },
        { line: 9, column: 0 },
      ]),
      [undefined, undefined],
    );
  });
});
