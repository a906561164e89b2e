import { deepEqual, equal } from 'node:assert/strict';

import { merge } from './merge.ts';

const OPENMETRICS = 'openmetrics-1.0.0';
const END = '# EOF\n';

const CLEAN = `# HELP took_seconds Latency of \\"all\\".
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_bucket{le="0.1"} 3 # {id="1"} 0.05 1.5
took_seconds_bucket{le="+Inf"} 4
took_seconds_sum 1.5
took_seconds_count 4
took_seconds_created 1605281325.0
# TYPE cpu_seconds counter
cpu_seconds_total{core="1"} 4.2 # {id="2"} 1
cpu_seconds_created{core="1"} 1.5
# TYPE v info
v_info{version="1"} 1
# TYPE mode stateset
mode{mode="on"} 1
mode{mode="off"} 0
# TYPE g gaugehistogram
g_bucket{le="-1"} 1
g_bucket{le="+Inf"} 1
g_gcount 1
g_gsum -2
# TYPE s summary
s{quantile="0.5"} 1 1.5
s_sum 1 1.5
s_count 1 1.5
plain 1
`;

describe('a strict page in OpenMetrics', () => {
  it('has a clean part as it is, and ends once', async () => {
    const { page, conflicts } = await merge(OPENMETRICS, [CLEAN + END]);

    equal(page, CLEAN + END);
    deepEqual(conflicts, []);
  });

  it('ends once, after the last part, wherever the parts end', async () => {
    const { page, conflicts } = await merge(OPENMETRICS, [
      'a 1\n# EOF\nb 1\n# EOF\n',
      'c 1\n# EOF\r\n',
      'd 1',
    ]);

    equal(page, 'a 1\nb 1\nc 1\nd 1\n# EOF\n');
    deepEqual(conflicts, []);
  });

  it('ends also when it is empty', async () => {
    equal((await merge('openmetrics-0.0.1', [])).page, END);
  });

  describe('leaves out a family that is there already:', () => {
    const counter = '# TYPE x counter\nx_total 1\n';
    const cases: readonly (readonly [title: string, first: string, second: string])[] = [
      ['the name of a counter', counter, '# TYPE x gauge\nx 1\n'],
      ['the total of a counter', counter, 'x_total{a="1"} 1\n'],
      ['when a counter was created', counter, '# TYPE x_created gauge\nx_created{a="1"} 1\n'],
      ['a counter whose total is taken', 'x_total 1\n', counter],
      ['a sum of a gauge histogram', '# TYPE x gaugehistogram\n', '# TYPE x_gsum gauge\n'],
      ['an info', '# TYPE x info\nx_info 1\n', 'x_info{a="1"} 1\n'],
    ];
    for (const [title, first, second] of cases) {
      it(title, async () => {
        const { page, conflicts } = await merge(OPENMETRICS, [first, `${second}after 1\n`]);

        equal(page, `${first}after 1\n${END}`);
        deepEqual(conflicts, ['application duplicate']);
      });
    }
  });

  describe('drops a sample that its type does not allow:', () => {
    const cases: readonly (readonly [type: string, sample: string])[] = [
      ['counter', 'x_total{a="1"} -1'],
      ['counter', 'x_total{a="1"} NaN'],
      ['summary', 'x_sum{a="1"} -1'],
      ['summary', 'x_count{a="1"} 1.5'],
      ['summary', 'x_count{a="1"} +Inf'],
      ['summary', 'x{quantile="1.5"} 1'],
      ['summary', 'x 1'],
      ['summary', 'x{quantile="0.5"} -1'],
      ['info', 'x_info{a="1"} 2'],
      ['stateset', 'x{x="1"} 2'],
      ['stateset', 'x{a="1"} 1'],
      ['gauge', 'x{__a="1"} 1'],
      ['gauge', 'x 1 NaN'],
      ['gauge', 'x 1 soon'],
    ];
    for (const [type, sample] of cases) {
      it(`${type}: ${sample}`, async () => {
        const { page, conflicts } = await merge(OPENMETRICS, [`# TYPE x ${type}\n${sample}\nafter 1\n`]);

        equal(page, `# TYPE x ${type}\nafter 1\n${END}`);
        deepEqual(conflicts, ['application broken']);
      });
    }

    it('a sample of another name, which would be a family of the same name', async () => {
      const { page, conflicts } = await merge(OPENMETRICS, ['# TYPE x counter\nx_total 1\nx 1\n']);

      equal(page, `# TYPE x counter\nx_total 1\n${END}`);
      deepEqual(conflicts, ['application duplicate']);
    });
  });

  describe('has a point of a histogram whole or not at all:', () => {
    const cases: readonly (readonly [title: string, lines: readonly string[]])[] = [
      ['without the last bucket', ['x_bucket{le="1"} 1', 'x_sum 1', 'x_count 1']],
      ['without any bucket', ['x_sum 1', 'x_count 1']],
      ['with a last bucket in other words', ['x_bucket{le="inf"} 1', 'x_sum 1', 'x_count 1']],
      ['without a bound', ['x_bucket 1', 'x_sum 1', 'x_count 1']],
      ['with another count', ['x_bucket{le="+Inf"} 1', 'x_sum 1', 'x_count 2']],
      ['with a count and no sum', ['x_bucket{le="+Inf"} 1', 'x_count 1']],
      ['with a sum and no count', ['x_bucket{le="+Inf"} 1', 'x_sum 1']],
      [
        'with a sum of what may be negative',
        ['x_bucket{le="-1"} 1', 'x_bucket{le="+Inf"} 1', 'x_sum 1', 'x_count 1'],
      ],
      ['cut off', ['x_bucket{le="1"} 1']],
    ];
    for (const [title, lines] of cases) {
      it(title, async () => {
        const good = ['x_bucket{a="1",le="+Inf"} 2', 'x_sum{a="1"} 1', 'x_count{a="1"} 2'];
        const { page, conflicts } = await merge(OPENMETRICS, [
          ['# TYPE x histogram', ...lines, ...good, 'after 1'].join('\n'),
        ]);

        equal(page, ['# TYPE x histogram', ...good, 'after 1', END].join('\n'));
        equal(conflicts.at(-1), 'application broken');
      });
    }

    it('with a bucket less when one does not go with the others and the rest does', async () => {
      const good = ['x_bucket{le="1"} 2', 'x_bucket{le="3"} 4', 'x_bucket{le="+Inf"} 4'];
      const bad = ['x_bucket{le="2"} 1', 'x_bucket{le="0.5"} 4', 'x_bucket{le="2"} 2.5'];
      const { page, conflicts } = await merge(OPENMETRICS, [
        ['# TYPE x histogram', good[0], ...bad, ...good.slice(1), ''].join('\n'),
      ]);

      equal(page, ['# TYPE x histogram', ...good, END].join('\n'));
      deepEqual(
        conflicts,
        bad
          .map(() => 'application broken')
          .concat('application broken')
          .slice(1),
      );
    });

    it('also when the connection is cut in its middle', async () => {
      const whole = '# TYPE x histogram\nx_bucket{a="1",le="+Inf"} 1\n';
      const body = `${whole}x_bucket{a="2",le="1"} 1\nx_bucket{a="2",le="+`;

      const { page } = await merge(OPENMETRICS, [{ body, format: OPENMETRICS, cut: true }, 'after 1\n']);

      equal(page, `${whole}after 1\n${END}`);
    });

    it('and not when it is too long to be held', async () => {
      const label = 'x'.repeat(60_000);
      const lines = [1, 2, 3, 4, 5].map((le) => `x_bucket{a="${label}",le="${le}"} 1`);
      const { page, conflicts } = await merge(OPENMETRICS, [
        ['# TYPE x histogram', ...lines, `x_bucket{a="${label}",le="+Inf"} 1`, 'after 1'].join('\n'),
      ]);

      equal(page, `# TYPE x histogram\nafter 1\n${END}`);
      deepEqual(conflicts, ['application broken']);
    });
  });

  describe('drops a sample whose point is over:', () => {
    const cases: readonly (readonly [type: string, lines: readonly string[], late: string])[] = [
      ['summary', ['x_sum{a="1"} 1', 'x_sum{a="2"} 1'], 'x_count{a="1"} 1'],
      ['counter', ['x_total{a="1"} 1', 'x_total{a="2"} 1'], 'x_created{a="1"} 1'],
      ['stateset', ['x{x="a",y="1"} 1', 'x{x="a",y="2"} 1'], 'x{x="b",y="1"} 1'],
      ['summary', ['x_sum{a="1"} 1 1'], 'x_count{a="1"} 1'],
      ['info', ['x_info{a="1"} 1'], 'x_info{a="2"} 1 5'],
    ];
    for (const [type, lines, late] of cases) {
      it(`${type}: ${late}`, async () => {
        const kept = [`# TYPE x ${type}`, ...lines];

        const { page, conflicts } = await merge(OPENMETRICS, [[...kept, late].join('\n')]);

        equal(page, [...kept, END].join('\n'));
        deepEqual(conflicts, ['application broken']);
      });
    }
  });

  describe('drops an exemplar and keeps its sample:', () => {
    for (const exemplar of [
      '{id="1"}',
      'id="1" 1',
      '{id="1"} one',
      '{id="1"} 1 NaN',
      '{id="1"} 1 1 1',
      '{__id="1"} 1',
      `{id="${'x'.repeat(127)}"} 1`,
    ]) {
      it(exemplar.slice(0, 40), async () => {
        const { page, conflicts } = await merge(OPENMETRICS, [`# TYPE x counter\nx_total 1 # ${exemplar}\n`]);

        equal(page, `# TYPE x counter\nx_total 1\n${END}`);
        deepEqual(conflicts, ['application broken']);
      });
    }

    it('of a sample that may have none', async () => {
      equal((await merge(OPENMETRICS, ['x 1 # {id="1"} 1\n'])).page, `x 1\n${END}`);
    });

    it('but not one of as many characters as allowed, escaped and outside ASCII', async () => {
      const body = `# TYPE x counter\nx_total 1 # {id="${'ü'.repeat(100)}${'\\n'.repeat(26)}"} 1\n`;

      equal((await merge(OPENMETRICS, [body])).page, body + END);
    });
  });

  describe('drops a unit that does not fit:', () => {
    const cases: readonly (readonly [name: string, type: string, unit: string])[] = [
      ['x_seconds', 'gauge', 'metres'],
      ['seconds', 'gauge', 'seconds'],
      ['x_seconds', 'info', 'seconds'],
    ];
    for (const [name, type, unit] of cases) {
      it(`${unit} of the ${type} ${name}`, async () => {
        const { page, conflicts } = await merge(OPENMETRICS, [
          `# UNIT ${name} ${unit}\n# TYPE ${name} ${type}\n`,
        ]);

        equal(page, `# TYPE ${name} ${type}\n${END}`);
        deepEqual(conflicts, ['application broken']);
      });
    }
  });
});
