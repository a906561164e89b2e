// The properties of test/config/fuzz, tried for minutes.

import { CONFIG_TARGETS } from '../config/fuzz/targets.ts';
import { itHolds, VERIFY_SECONDS } from '../support/fuzz.ts';

for (const [group, targets] of Object.entries(CONFIG_TARGETS)) {
  describe(`configuration from hostile input: ${group}, for long`, () => {
    for (const target of targets) itHolds(target, VERIFY_SECONDS / targets.length);
  });
}
