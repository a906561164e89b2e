// The properties of durations, tried for minutes.

import { valueTargets } from '../../config/fuzz/values-target.ts';
import { itHolds, VERIFY_SECONDS } from '../../support/fuzz.ts';

describe('configuration from hostile input: durations, for long', () => {
  for (const target of valueTargets) itHolds(target, VERIFY_SECONDS / valueTargets.length);
});
