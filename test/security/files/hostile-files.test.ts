import { itHolds, TEST_SECONDS } from '../../support/fuzz.ts';
import { fileTargets } from './hostile-files.ts';

describe('certificate files from hostile input', () => {
  for (const target of fileTargets) itHolds(target, TEST_SECONDS / 2 / fileTargets.length);
});
