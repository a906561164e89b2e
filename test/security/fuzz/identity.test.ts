import { itHolds, TEST_SECONDS } from '../../support/fuzz.ts';
import { identityTargets } from './targets.ts';

describe('identity from hostile input', () => {
  for (const target of identityTargets) itHolds(target, TEST_SECONDS / identityTargets.length);
});
