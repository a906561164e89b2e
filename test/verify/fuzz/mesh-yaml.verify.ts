// The properties of mesh YAML, tried for minutes.

import { proxyConfigTargets } from '../../config/fuzz/proxy-config-target.ts';
import { itHolds, VERIFY_SECONDS } from '../../support/fuzz.ts';

describe('configuration from hostile input: mesh YAML, for long', () => {
  for (const target of proxyConfigTargets) itHolds(target, VERIFY_SECONDS / proxyConfigTargets.length);
});
