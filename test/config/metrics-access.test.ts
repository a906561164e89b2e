import { equal } from 'node:assert/strict';

import { metricsLoopbackOnly } from '../../src/config/metrics-access.ts';

describe('metricsLoopbackOnly', () => {
  it('takes exactly one text for a yes', () => {
    equal(metricsLoopbackOnly({ METRICS_LOCALHOST_ACCESS_ONLY: 'true' }), true);
    for (const text of ['True', '1', '']) {
      equal(metricsLoopbackOnly({ METRICS_LOCALHOST_ACCESS_ONLY: text }), false);
    }
    equal(metricsLoopbackOnly(undefined), false);
  });
});
