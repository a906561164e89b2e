// The property of bootstraps, tried for longer than the ordinary tests do.

import { hostileBootstrap } from '../../bootstrap/hostile-input.ts';
import { itHolds, SHORTER_VERIFY_SECONDS } from '../../support/fuzz.ts';

describe('a bootstrap', () => {
  itHolds(hostileBootstrap, SHORTER_VERIFY_SECONDS);
});
