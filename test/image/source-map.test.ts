import { deepEqual } from 'node:assert/strict';

import { segmentsOf, withLinesOnly } from '../../image/source-map.ts';

/** Two lines of output; the second has a token of another file, and one without any. */
const MAP = {
  version: 3,
  sources: ['a.ts', 'b.ts'],
  names: ['x'],
  mappings: 'AAAA,IAAM;;AACI,EAAE,CAAD,KCDJ,Q',
};

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

describe('withLinesOnly', () => {
  it('keeps the first token of each line, and every other member of the map', () => {
    const { mappings, ...others } = withLinesOnly(MAP);

    deepEqual(others, { version: 3, sources: ['a.ts', 'b.ts'], names: [] });
    deepEqual(positions(mappings), ['0:0 is 0 0:0', '2:0 is 0 1:10', '2:8 is 1 0:7']);
  });

  it('writes what it reads', () => {
    const mappings = 'gCAAiqC;AACrqC';

    deepEqual(withLinesOnly({ sources: ['a.ts'], mappings }).mappings, mappings);
  });
});
