import { itHolds, TEST_SECONDS } from '../../support/fuzz.ts';
import { CONFIG_TARGETS } from './targets.ts';

for (const [group, targets] of Object.entries(CONFIG_TARGETS)) {
  describe(`configuration from hostile input: ${group}`, () => {
    for (const target of targets) itHolds(target, TEST_SECONDS / targets.length);
  });
}
