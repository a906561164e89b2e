// The property of bootstraps, tried for longer than the ordinary tests do.

import { hostileBootstrap } from '../../bootstrap/hostile-input.ts';
import { itHolds, VERIFY_SECONDS } from '../../support/fuzz.ts';

describe('a bootstrap', () => {
  itHolds(hostileBootstrap, VERIFY_SECONDS);
});
