import { deepEqual, equal } from 'node:assert/strict';

import { Counters } from '../../src/agent/counters.ts';
import type { EnvoySnapshot } from '../../src/envoy/snapshot.ts';
import type { Metric } from '../../src/status/agent-metrics.ts';

const IDLE: EnvoySnapshot = {
  phase: 'idle',
  baseId: undefined,
  active: undefined,
  candidate: undefined,
  draining: [],
  pending: [],
  restarts: { committed: 0, refused: 0, rolledBack: 0, crashed: 0 },
  history: [],
};

function series(counters: Counters, name: string, envoy = IDLE): Metric['series'] {
  return counters.metrics(envoy).find((metric) => metric.name === name)?.series ?? [];
}

describe('Counters', () => {
  it('shows 0 for what has not happened, and no series for labels nobody has seen', () => {
    const counters = new Counters();

    deepEqual(series(counters, 'xds_proxy_requests'), [{ value: 0 }]);
    deepEqual(series(counters, 'istiod_connection_terminations'), []);
  });

  it('shows what DNS has not met yet not at all', () => {
    const counters = new Counters();
    deepEqual(series(counters, 'dns_requests_total'), []);

    counters.dns.request();
    counters.dns.request();
    counters.dns.forwarded();
    counters.dns.failed();

    deepEqual(series(counters, 'dns_requests_total'), [{ value: 2 }]);
    deepEqual(series(counters, 'dns_upstream_requests_total'), [{ value: 1 }]);
    deepEqual(series(counters, 'dns_upstream_failures_total'), [{ value: 1 }]);
  });

  const events: [string, (counters: Counters) => void][] = [
    ['istiod_connection_failures', ({ xds }) => xds.upstreamNotBuilt()],
    ['xds_proxy_requests', ({ xds }) => xds.request()],
    ['xds_proxy_responses', ({ xds }) => xds.response()],
    ['num_outgoing_requests', ({ csr }) => csr.started()],
    ['num_failed_outgoing_requests', ({ csr }) => csr.failed()],
    ['num_outgoing_retries', ({ csr }) => csr.retried()],
    ['pilot_xds_expired_nonce', ({ sds }) => sds.staleNonce()],
    ['pilot_total_xds_internal_errors', ({ sds }) => sds.failed()],
  ];
  for (const [name, happen] of events) {
    it(`counts ${name} and nothing else`, () => {
      const counters = new Counters();

      happen(counters);
      happen(counters);

      const counted = events.filter(([each]) => series(counters, each)[0]?.value !== 0);
      deepEqual(
        counted.map(([each]) => each),
        [name],
      );
      deepEqual(series(counters, name), [{ value: 2 }]);
    });
  }

  it('counts ends of streams by side and type', () => {
    const counters = new Counters();

    counters.xds.upstreamEnded('error');
    counters.xds.upstreamEnded('cancelled');
    counters.xds.upstreamEnded('error');
    counters.xds.downstreamEnded('cancelled');

    deepEqual(series(counters, 'istiod_connection_terminations'), [
      { labels: { type: 'error' }, value: 2 },
      { labels: { type: 'cancelled' }, value: 1 },
    ]);
    deepEqual(series(counters, 'envoy_connection_terminations'), [
      { labels: { type: 'cancelled' }, value: 1 },
    ]);
  });

  it('counts refused secrets under one label, whatever Envoy said about them', () => {
    const counters = new Counters();

    counters.sds.rejected('bad key');
    counters.sds.rejected('bad chain');

    deepEqual(series(counters, 'pilot_total_xds_rejects'), [{ labels: { type: 'sds' }, value: 2 }]);
  });

  it('keeps the largest request', () => {
    const counters = new Counters();

    for (const bytes of [10, 300, 20]) counters.xds.requestSize(bytes);

    deepEqual(series(counters, 'pilot_xds_recv_max'), [{ value: 300 }]);
  });

  it('tells of Envoy: restarts by outcome, the epoch that serves, a lost admin port', () => {
    const counters = new Counters();
    const active = {
      epoch: 3,
      generation: 5,
      pid: 7,
      state: 'live',
      reason: 'test',
      since: new Date(0),
      liveAfterMs: 1,
    } as const;
    const restarts = { committed: 3, refused: 1, rolledBack: 0, crashed: 2 };
    const degraded: EnvoySnapshot = { ...IDLE, active, restarts, phase: 'degraded' };

    deepEqual(series(counters, 'envoy_restarts', degraded), [
      { labels: { outcome: 'committed' }, value: 3 },
      { labels: { outcome: 'refused' }, value: 1 },
      { labels: { outcome: 'rolledBack' }, value: 0 },
      { labels: { outcome: 'crashed' }, value: 2 },
    ]);
    equal(series(counters, 'envoy_active_epoch', degraded)[0]?.value, 3);
    equal(series(counters, 'envoy_admin_lost', degraded)[0]?.value, 1);
    equal(series(counters, 'envoy_active_epoch')[0]?.value, -1);
    equal(series(counters, 'envoy_admin_lost')[0]?.value, 0);
  });
});
