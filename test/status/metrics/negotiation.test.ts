import assert from 'node:assert/strict';

import { acceptForApplication, acceptForEnvoy, formatOf } from '../../../src/status/metrics/negotiation.ts';

const TEXT = 'text/plain;version=0.0.4';

describe('acceptForApplication', () => {
  const cases: readonly (readonly [what: string, accept: string, header: string])[] = [
    [
      'keeps text and OpenMetrics, weights them by their order and sorts parameters',
      'application/openmetrics-text;version=1.0.0;escaping=none;q=0.9, Text/Plain;q=0.1;version=0.0.4',
      'application/openmetrics-text; escaping=none; q=0.2; version=1.0.0,text/plain; q=0.1; version=0.0.4',
    ],
    ['takes any type for text', '*/*', 'text/plain; q=0.1; version=0.0.4'],
    ['takes a lone star for text', '*', 'text/plain; q=0.1; version=0.0.4'],
    [
      'takes any application for OpenMetrics',
      'application/*',
      'application/openmetrics-text; q=0.1; version=0.0.1',
    ],
    ['asks once for what a range adds', `${TEXT},*/*;q=0.1`, 'text/plain; q=0.1; version=0.0.4'],
    ['keeps what comes twice', 'text/plain,text/plain', 'text/plain; q=0.2,text/plain; q=0.1'],
    ['quotes values that need it', 'text/plain;x="a b"', 'text/plain; q=0.1; x="a b"'],
    [
      'asks nobody for protobuf',
      'application/vnd.google.protobuf;encoding=delimited,text/*',
      'text/*; q=0.1',
    ],
  ];
  for (const [what, accept, header] of cases) {
    it(what, () => {
      assert.deepEqual(acceptForApplication(accept), { header });
    });
  }

  for (const accept of [
    '',
    '/',
    'text/plain,',

    'text/plain;version',
    'text/plain;a="b',
    'a/b/c',
    'ä/b',
  ]) {
    it(`falls back to text for ${JSON.stringify(accept)}, and says so`, () => {
      const { header, problem } = acceptForApplication(accept);

      assert.equal(header, TEXT);
      assert.equal(problem, `cannot read Accept header ${JSON.stringify(accept)}`);
    });
  }

  for (const [what, accept] of [
    ['blanks', `a${' '.repeat(15_000)}x`],
    ['parameters', `a;${'b=c;'.repeat(4000)}@`],
    ['ranges', `${Array.from({ length: 600 }, (_, i) => `text/plain;v=${i}`).join()}${',*'.repeat(2500)}`],
  ] as const) {
    it(`takes no longer for a header of ${what} than for another of its length`, () => {
      acceptForApplication(accept);
      const before = process.cpuUsage();

      acceptForApplication(accept);

      assert.ok(process.cpuUsage(before).user < 150_000);
    });
  }

  it('quotes no more than the beginning of a header, on one line', () => {
    const { problem = '' } = acceptForApplication(`a\n${'b'.repeat(5000)}`);

    assert.ok(problem.length < 400);
    assert.ok(!problem.includes('\n'));
  });
});

describe('acceptForEnvoy', () => {
  it('allows text only', () => {
    const accept = 'application/openmetrics-text,text/plain;version=0.0.4;q=0.3';

    assert.deepEqual(acceptForEnvoy(accept), { header: 'text/plain; q=0.1; version=0.0.4' });
  });

  it('falls back to text when nothing is left, and says so', () => {
    assert.deepEqual(acceptForEnvoy('application/*'), {
      header: TEXT,
      problem: 'nothing to be had for Accept header "application/*"',
    });
  });
});

describe('formatOf', () => {
  for (const [contentType, format] of [
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics-1.0.0'],
    ['Application/OpenMetrics-Text;version="1.0.0"', 'openmetrics-1.0.0'],
    ['application/openmetrics-text; version=0.0.1', 'openmetrics-0.0.1'],
    ['application/openmetrics-text', 'openmetrics-0.0.1'],
    ['application/openmetrics-text; version=2.0.0', 'text'],
    ['text/html', 'text'],
    [';;;', 'text'],
    [undefined, 'text'],
  ] as const) {
    it(`reads ${contentType} as ${format}`, () => {
      assert.equal(formatOf(contentType), format);
    });
  }
});
