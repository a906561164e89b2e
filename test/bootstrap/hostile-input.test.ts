import { itHolds, TEST_SECONDS } from '../support/fuzz.ts';
import { hostileBootstrap } from './hostile-input.ts';

describe('a bootstrap', () => {
  itHolds(hostileBootstrap, TEST_SECONDS);
});
