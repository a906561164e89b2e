import { deepEqual } from 'node:assert/strict';

import { Histogram } from '../../src/agent/histogram.ts';

const SETTINGS = { name: 'wait_seconds', help: 'Waits.', bounds: [0.1, 1] };

describe('Histogram', () => {
  it('counts a value into the first bucket whose bound it does not exceed', () => {
    const histogram = new Histogram(SETTINGS);

    for (const value of [0, 0.1, 0.5, 1, 1.5]) histogram.observe(value);

    deepEqual(histogram.metric(), {
      ...SETTINGS,
      type: 'histogram',
      series: [{ labels: {}, counts: [2, 2, 1], sum: 3.1 }],
    });
  });

  it('keeps a series for every combination of labels', () => {
    const histogram = new Histogram(SETTINGS);

    histogram.observe(2, { type: 'a' });
    histogram.observe(0.05, { type: 'b' });

    deepEqual(
      histogram.metric().series.map(({ labels, counts }) => [labels?.type, counts]),
      [
        ['a', [0, 0, 1]],
        ['b', [1, 0, 0]],
      ],
    );
  });

  it('has no series before its first value, unless it shall have one from the beginning', () => {
    const late = new Histogram(SETTINGS).metric();
    const early = new Histogram(SETTINGS).fromTheBeginning().metric();

    deepEqual([late.series, early.series], [[], [{ labels: {}, counts: [0, 0, 0], sum: 0 }]]);
  });
});
