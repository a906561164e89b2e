// The properties of certificate files, tried for minutes.

import { fileTargets } from '../../security/files/hostile-files.ts';
import { itHolds, SHORTER_VERIFY_SECONDS } from '../../support/fuzz.ts';

describe('certificate files from hostile input, for long', () => {
  for (const target of fileTargets) itHolds(target, SHORTER_VERIFY_SECONDS / fileTargets.length);
});
