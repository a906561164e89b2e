// The pages of test/status/metrics/strict/judged.test.ts, many more of them.

import { equal } from 'node:assert/strict';

import { tryHostilePages } from '../../status/metrics/strict/hostile-parts.ts';

const PAGES = 1000;

describe('strict pages, judged by the parsers of Prometheus, many of them', () => {
  it(`parse whatever their parts are (${PAGES} pages)`, async () => {
    const { pages } = await tryHostilePages(PAGES);

    equal(pages, PAGES);
  });
});
