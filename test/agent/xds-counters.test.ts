import { deepEqual } from 'node:assert/strict';

import { xdsGauges } from '../../src/agent/xds-counters.ts';

describe('xdsGauges', () => {
  const stream = { id: 1, kind: 'delta' as const, openedAt: new Date(0), queuedBytes: 0 };
  const values = (generations: Parameters<typeof xdsGauges>[0]['generations']): unknown =>
    xdsGauges({ generations }).map(({ name, series: [one] }) => [name, one && 'value' in one && one.value]);

  it('shows 0 while no Envoy has a stream', () => {
    deepEqual(values([]), [
      ['xds_proxy_connected', 0],
      ['xds_proxy_request_queue_length', 0],
    ]);
  });

  it('counts the connected streams and all requests that wait, also for a connect', () => {
    const generations = [
      { generation: 0, connected: true, perType: {}, stream: { ...stream, queuedRequests: 2 } },
      { generation: 1, connected: false, perType: {}, stream: { ...stream, queuedRequests: 3 } },
      { generation: 2, connected: false, perType: {} },
    ];

    deepEqual(values(generations), [
      ['xds_proxy_connected', 1],
      ['xds_proxy_request_queue_length', 5],
    ]);
  });
});
