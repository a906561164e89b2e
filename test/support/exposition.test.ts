import { deepEqual, throws } from 'node:assert/strict';

import { readExposition } from './exposition.ts';

const HEAD = '# HELP a_seconds Words.\n# TYPE a_seconds';
const BUCKETS = 'a_seconds_bucket{le="0.5"} 1\na_seconds_bucket{le="+Inf"} 3';

describe('readExposition', () => {
  it('gives types, and samples with their labels', () => {
    const text = `${HEAD} gauge\na_seconds{x="1,\\"}",y=""} -1.5e-7\na_seconds +Inf\n\n# HELP b B\n# TYPE b counter\n`;

    deepEqual(Object.fromEntries(readExposition(text)), {
      a_seconds: {
        type: 'gauge',
        samples: [
          { name: 'a_seconds', labels: { x: String.raw`1,\"}`, y: '' }, value: -1.5e-7 },
          { name: 'a_seconds', labels: {}, value: Infinity },
        ],
      },
      b: { type: 'counter', samples: [] },
    });
  });

  it('takes a histogram', () => {
    readExposition(`${HEAD} histogram\n${BUCKETS}\na_seconds_sum 4\na_seconds_count 3\n`);
  });

  const refused: readonly (readonly [string, string])[] = [
    ['text without a newline at its end', `${HEAD} gauge\na_seconds 1`],
    ['a sample without a TYPE', '# HELP a_seconds Words.\na_seconds 1\n'],
    ['a TYPE of another metric', '# HELP a_seconds Words.\n# TYPE b gauge\n'],
    ['a metric that comes again', `${HEAD} gauge\na_seconds 1\n${HEAD} gauge\n`],
    ['a sample of another metric', `${HEAD} gauge\nb 1\n`],
    ['a series that comes again', `${HEAD} gauge\na_seconds{x="1",y="2"} 1\na_seconds{y="2",x="1"} 1\n`],
    ['a label that comes again', `${HEAD} gauge\na_seconds{x="1",x="2"} 1\n`],
    ['a quotation mark that is not escaped', `${HEAD} gauge\na_seconds{x="1"2"} 1\n`],
    ['a comma after the last label', `${HEAD} gauge\na_seconds{x="1",} 1\n`],
    ['a value that is no number', `${HEAD} gauge\na_seconds undefined\n`],
    ['a histogram without a sum', `${HEAD} histogram\n${BUCKETS}\na_seconds_count 3\n`],
    [
      'a count that is not that of all buckets',
      `${HEAD} histogram\n${BUCKETS}\na_seconds_sum 4\na_seconds_count 2\n`,
    ],
    [
      'buckets that do not count the lower ones',
      `${HEAD} histogram\n${BUCKETS.replace('} 1', '} 4')}\na_seconds_sum 4\na_seconds_count 3\n`,
    ],
    [
      'a histogram without its last bucket',
      `${HEAD} histogram\na_seconds_bucket{le="0.5"} 1\na_seconds_sum 4\na_seconds_count 1\n`,
    ],
  ];
  for (const [what, text] of refused) {
    it(`refuses ${what}`, () => {
      throws(() => readExposition(text), { name: 'AssertionError' });
    });
  }
});
