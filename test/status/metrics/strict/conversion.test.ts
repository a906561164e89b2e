import { deepEqual, equal } from 'node:assert/strict';

import type { Format } from '../../../../src/status/metrics/formats.ts';
import { merge } from './merge.ts';

type Conversion = readonly [title: string, part: string, page: string];

describe('a part in text on a strict page in OpenMetrics', () => {
  convert('text', 'openmetrics-1.0.0', [
    [
      'has its counters without the ending in their metadata',
      '# HELP a_total All "a".\n# TYPE a_total counter\na_total{x="1"} 1\n',
      '# HELP a All \\"a\\".\n# TYPE a counter\na_total{x="1"} 1\n# EOF\n',
    ],
    [
      'keeps the name of a counter that has no such ending, whose type is then unknown',
      '# HELP a All.\n# TYPE a counter\na 1\n# TYPE _total counter\n_total 1\n',
      '# HELP a All.\n# TYPE a unknown\na 1\n# TYPE _total unknown\n_total 1\n# EOF\n',
    ],
    [
      'keeps a counter beside a gauge of its name, with a type that is unknown',
      '# TYPE a gauge\na 1\n# TYPE a_total counter\na_total 1\n',
      '# TYPE a gauge\na 1\n# TYPE a_total unknown\na_total 1\n# EOF\n',
    ],
    ['has types by their other names', '# TYPE a untyped\na 1\n', '# TYPE a unknown\na 1\n# EOF\n'],
    [
      'has timestamps in seconds',
      'a 1 1395066363001\nb 1 -5\nc 1 +2000\n',
      'a 1 1395066363.001\nb 1 -0.005\nc 1 2\n# EOF\n',
    ],
    ['has no help without words', '# HELP a\n# TYPE a gauge\na 1\n', '# TYPE a gauge\na 1\n# EOF\n'],
    [
      'has its histograms and summaries as they were',
      '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n# TYPE s summary\ns{quantile="0.5"} NaN\n',
      '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n# TYPE s summary\ns{quantile="0.5"} NaN\n# EOF\n',
    ],
  ]);

  it('is held to the rules of OpenMetrics', async () => {
    const { page, conflicts } = await merge('openmetrics-1.0.0', [
      {
        body: '# TYPE a_total counter\na_total -1\n# TYPE h histogram\nh 1\n',
        type: 'envoy',
        format: 'text',
      },
    ]);

    equal(page, '# TYPE a counter\n# TYPE h histogram\n# EOF\n');
    deepEqual(conflicts, ['envoy broken', 'envoy duplicate']);
  });
});

describe('a part in OpenMetrics on a strict page in text', () => {
  convert('openmetrics-1.0.0', 'text', [
    [
      'has its counters with the ending in their metadata, without exemplars',
      '# HELP a All \\"a\\" \\\\ \\n.\n# TYPE a counter\n# UNIT a a\na_total{x="1"} 1 # {id="1"} 1\n# EOF\n',
      '# HELP a_total All "a" \\\\ \\n.\n# TYPE a_total counter\na_total{x="1"} 1\n',
    ],
    [
      'does not tell when something was created',
      '# TYPE a counter\na_total 1\na_created 1\n# TYPE s summary\ns_sum 1\ns_created 1\n',
      '# TYPE a_total counter\na_total 1\n# TYPE s summary\ns_sum 1\n',
    ],
    ['has infos as gauges', '# TYPE a info\na_info{v="1"} 1\n', '# TYPE a_info gauge\na_info{v="1"} 1\n'],
    ['has sets of states as gauges', '# TYPE a stateset\na{a="on"} 1\n', '# TYPE a gauge\na{a="on"} 1\n'],
    ['has types by their other names', '# TYPE a unknown\na 1\n', '# TYPE a untyped\na 1\n'],
    [
      'has gauge histograms without metadata',
      '# HELP a All.\n# TYPE a gaugehistogram\na_bucket{le="+Inf"} 1\na_gcount 1\na_gsum 1\n',
      'a_bucket{le="+Inf"} 1\na_gcount 1\na_gsum 1\n',
    ],
    ['has timestamps in milliseconds', 'a 1 1395066363.0015\nb 1 1e3\n', 'a 1 1395066363002\nb 1 1000000\n'],
  ]);

  for (const line of ['# TYPE a untyped', '# HELP a \\q', '# TYPE a Gauge', 'a 1 Inf', 'a 1 1e300']) {
    it(`drops a line that does not parse: ${line}`, async () => {
      const { page, conflicts } = await merge('text', [
        { body: `${line}\nb 1\n`, format: 'openmetrics-1.0.0' },
      ]);

      equal(page, 'b 1\n');
      deepEqual(conflicts, ['application broken']);
    });
  }
});

function convert(from: Format, to: Format, conversions: readonly Conversion[]): void {
  for (const [title, part, expected] of conversions) {
    it(title, async () => {
      const { page, conflicts } = await merge(to, [{ body: part, format: from }]);

      equal(page, expected);
      deepEqual(conflicts, []);
    });
  }
}
