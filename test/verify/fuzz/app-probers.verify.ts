// The properties of the application's probers, tried for longer.

import { appProberTargets } from '../../config/fuzz/app-probers-target.ts';
import { itHolds } from '../../support/fuzz.ts';

describe('configuration from hostile input: probers, for long', () => {
  for (const target of appProberTargets) itHolds(target, 30 / appProberTargets.length);
});
