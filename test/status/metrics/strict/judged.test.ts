import { ok } from 'node:assert/strict';

import { judgeOrSkip } from '../../../support/judge.ts';
import { findOpenMetricsParser } from '../../../support/openmetrics.ts';
import { findPromtool } from '../../../support/promtool.ts';
import { tryHostilePages } from './hostile-parts.ts';

const PAGES = 60;

describe('a strict page, judged by the parsers of Prometheus', () => {
  it(`parses whatever its parts are (${PAGES} pages)`, async function () {
    await judgeOrSkip(this, findPromtool);
    await judgeOrSkip(this, findOpenMetricsParser);

    const { withConflicts } = await tryHostilePages(PAGES);

    ok(withConflicts > PAGES / 2, `only ${withConflicts} pages had something to leave out`);
  });
});
