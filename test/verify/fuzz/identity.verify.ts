// The properties of CA answers, PEM files and tokens, tried for minutes.

import { identityTargets } from '../../security/fuzz/targets.ts';
import { itHolds, SHORTER_VERIFY_SECONDS } from '../../support/fuzz.ts';

describe('identity from hostile input, for long', () => {
  for (const target of identityTargets) itHolds(target, SHORTER_VERIFY_SECONDS / identityTargets.length);
});
