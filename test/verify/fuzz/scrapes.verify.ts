// The properties of scrapes, tried for longer.

import { scrapeTargets } from '../../status/metrics/fuzz/scrapes-target.ts';
import { itHolds } from '../../support/fuzz.ts';

/** For all of them together. */
const SECONDS = 40;

describe('scrapes from hostile input, for long', () => {
  for (const target of scrapeTargets) itHolds(target, SECONDS / scrapeTargets.length);
});
