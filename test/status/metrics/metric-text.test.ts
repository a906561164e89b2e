import assert from 'node:assert/strict';

import { metricText } from '../../../src/status/metrics/metric-text.ts';

describe('metricText', () => {
  it('writes a line per series, whatever its value', () => {
    const series = [{ labels: { by: 'agent', type: 'NDS' }, value: 2 }, { value: -1.5 }];

    const text = metricText('p_', { name: 'nacks', help: 'Refusals.', type: 'counter', series });

    assert.deepEqual(text.split('\n'), [
      '# HELP p_nacks Refusals.',
      '# TYPE p_nacks counter',
      'p_nacks{by="agent",type="NDS"} 2',
      'p_nacks -1.5',
      '',
    ]);
  });

  const waits = { name: 'wait_seconds', help: 'Waits.', type: 'histogram' as const, bounds: [0.1, 1] };

  it('counts in each bucket of a histogram the lower ones, too, and ends with all', () => {
    const text = metricText('p_', { ...waits, series: [{ counts: [2, 0, 1], sum: 3.5 }] });

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

    const text = metricText('', { ...waits, bounds: [], series: [{ labels, counts: [1], sum: 2 }] });

    assert.deepEqual(text.split('\n').slice(2, 5), [
      String.raw`wait_seconds_bucket{le="+Inf",type="a\"b\\c\nd"} 1`,
      String.raw`wait_seconds_sum{type="a\"b\\c\nd"} 2`,
      String.raw`wait_seconds_count{type="a\"b\\c\nd"} 1`,
    ]);
  });
});
