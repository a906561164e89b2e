import assert from 'node:assert/strict';

import { histogramText } from '../../src/status/histogram-text.ts';

describe('histogramText', () => {
  const metric = { name: 'wait_seconds', help: 'Waits.', type: 'histogram' as const, bounds: [0.1, 1] };

  it('counts in each bucket the lower ones, too, and ends with all', () => {
    const text = histogramText('p_', { ...metric, series: [{ counts: [2, 0, 1], sum: 3.5 }] });

    assert.equal(
      text,
      [
        '# HELP p_wait_seconds Waits.',
        '# TYPE p_wait_seconds histogram',
        'p_wait_seconds_bucket{le="0.1"} 2',
        'p_wait_seconds_bucket{le="1"} 2',
        'p_wait_seconds_bucket{le="+Inf"} 3',
        'p_wait_seconds_sum 3.5',
        'p_wait_seconds_count 3',
        '',
      ].join('\n'),
    );
  });

  it('writes labels on every line and escapes their values', () => {
    const labels = { type: 'a"b\\c\nd' };

    const text = histogramText('', { ...metric, bounds: [], series: [{ labels, counts: [1], sum: 2 }] });

    assert.deepEqual(text.split('\n').slice(2, 5), [
      String.raw`wait_seconds_bucket{le="+Inf",type="a\"b\\c\nd"} 1`,
      String.raw`wait_seconds_sum{type="a\"b\\c\nd"} 2`,
      String.raw`wait_seconds_count{type="a\"b\\c\nd"} 1`,
    ]);
  });
});
