import { deepEqual } from 'node:assert/strict';

import { tokenMetrics } from '../../src/agent/token-metrics.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('tokenMetrics', () => {
  const clock = new FakeClock();
  const series = (expiresMs: number | undefined) => tokenMetrics({ expiresMs }, clock)[0]?.series;

  it('tells how long the token is good for, also when it no longer is', () => {
    deepEqual(series(clock.now() + 90_500), [{ value: 90.5 }]);
    deepEqual(series(clock.now() - 1000), [{ value: -1 }]);
  });

  it('tells nothing of a token without end', () => {
    deepEqual(series(undefined), []);
  });
});
