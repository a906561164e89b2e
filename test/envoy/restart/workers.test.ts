import { deepEqual, equal } from 'node:assert/strict';

import { workersOfNext } from '../../../src/envoy/restart/workers.ts';

describe('workersOfNext', () => {
  it('keeps what the running Envoy has', () => {
    deepEqual(workersOfNext(2, 2), { ok: true, concurrency: 2 });
    deepEqual(workersOfNext(0, 3), { ok: true, concurrency: 3 });
  });

  it('goes up with a warning, and never down', () => {
    deepEqual(workersOfNext(4, 2), {
      ok: true,
      concurrency: 4,
      warning: 'concurrency is to change from 2 to 4; it cannot be lowered again',
    });
    equal(workersOfNext(1, 2).ok, false);
  });

  it('does as configured when the running Envoy did not tell', () => {
    deepEqual(workersOfNext(1, undefined), { ok: true, concurrency: 1 });
  });
});
