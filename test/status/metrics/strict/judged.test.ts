import { deepEqual, equal, match, ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { judgeOrSkip } from '../../../support/judge.ts';
import { findOpenMetricsParser, openMetricsRefusals } from '../../../support/openmetrics.ts';
import { findPromtool, parseProblem } from '../../../support/promtool.ts';
import { hostilePage, tryHostilePages } from './hostile-parts.ts';
import { merge } from './merge.ts';

const PAGES = 60;

describe('a strict page, judged by the parsers of Prometheus', () => {
  it(`parses whatever its parts are (${PAGES} pages)`, async function () {
    await judgeOrSkip(this, findPromtool);
    await judgeOrSkip(this, findOpenMetricsParser);

    const { withConflicts } = await tryHostilePages(PAGES);

    ok(withConflicts > PAGES / 2, `only ${withConflicts} pages had something to leave out`);
  });

  it('is judged by those who refuse what was only put together', async function () {
    await judgeOrSkip(this, findPromtool);
    const parser = await judgeOrSkip(this, findOpenMetricsParser);
    const twice = '# TYPE a gauge\na 1\n'.repeat(2);

    match((await parseProblem(twice)) ?? '', /^exit code 1: .*second TYPE line/);
    equal(await parseProblem('a 1\n'), undefined); // it exits with 3, for there is no help
    deepEqual(await openMetricsRefusals(parser, ['a 1\n# EOF\n', `${twice}# EOF\n`, 'a 1\n']), [
      undefined,
      'ValueError: Received metadata after samples: # TYPE a gauge',
      'ValueError: Missing # EOF at end',
    ]);
  });
});

describe('a strict page', () => {
  it('has nothing to leave out when it is merged once more', async () => {
    await fc.assert(
      fc.asyncProperty(hostilePage, async ({ format, parts }) => {
        const { page } = await merge(format, parts);

        deepEqual(await merge(format, [page]), { page, conflicts: [] });
      }),
      { numRuns: 300 },
    );
  });
});
