import { deepEqual, equal } from 'node:assert/strict';

import { backoffMs } from '../../src/runtime/backoff.ts';

describe('backoffMs', () => {
  it('doubles from the initial delay up to the limit', () => {
    const settings = { initialMs: 200, maxMs: 1000 };

    const delays = [0, 1, 2, 3, 4].map((attempt) => backoffMs(settings, attempt, () => 0.5));

    deepEqual(delays, [200, 400, 800, 1000, 1000]);
  });

  it('moves the delay by at most the jitter', () => {
    const settings = { initialMs: 1000, maxMs: 1000, jitter: 0.1 };

    equal(
      backoffMs(settings, 0, () => 0),
      900,
    );
    equal(
      backoffMs(settings, 0, () => 0.5),
      1000,
    );
  });
});
