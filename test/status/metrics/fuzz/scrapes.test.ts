import { itHolds } from '../../../support/fuzz.ts';
import { scrapeTargets } from './scrapes-target.ts';

/** For all of them together. */
const SECONDS = 4;

describe('scrapes from hostile input', () => {
  for (const target of scrapeTargets) itHolds(target, SECONDS / scrapeTargets.length);
});
