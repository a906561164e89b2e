import { deepEqual, equal } from 'node:assert/strict';

import { Counters } from '../../src/agent/counters.ts';
import type { Metric } from '../../src/status/agent-metrics.ts';

function series(counters: Counters, name: string): Metric['series'] {
  return counters.metrics().find((metric) => metric.name === name)?.series ?? [];
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

  it('shows failures of certificate files from the first on', () => {
    const counters = new Counters();
    deepEqual(series(counters, 'num_file_secret_failures_total'), []);

    counters.files.secretFailed();
    counters.files.secretFailed();
    counters.files.watchFailed();

    deepEqual(series(counters, 'num_file_secret_failures_total'), [{ value: 2 }]);
    deepEqual(series(counters, 'num_file_watcher_failures_total'), [{ value: 1 }]);
  });

  const events: [string, (counters: Counters) => void][] = [
    ['istiod_connection_failures', ({ xds }) => xds.upstreamNotBuilt()],
    ['xds_proxy_requests', ({ xds }) => xds.request()],
    ['xds_proxy_responses', ({ xds }) => xds.response()],
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

  it('shows at most a thousand series of one counter, and counts on in those', () => {
    const counters = new Counters();

    for (let i = 0; i < 2000; i += 1) counters.sds.pushed(`made up ${i}`, 'error');
    counters.sds.pushed('made up 0', 'error');

    const shown = series(counters, 'sds_pushes_total');
    equal(shown.length, 1000);
    deepEqual(shown[0], { labels: { resource_name: 'made up 0', result: 'error' }, value: 2 });
  });

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

  it('counts signing requests and sums up what they took, by kind of request', () => {
    const counters = new Counters();
    deepEqual(series(counters, 'num_outgoing_requests'), []);

    counters.csr.started();
    counters.csr.ended(40);
    counters.csr.ended(2.5);
    counters.csr.failed();
    counters.csr.retried();
    counters.csr.retried();

    const labels = { request_type: 'csr' };
    deepEqual(series(counters, 'num_outgoing_requests'), [{ labels, value: 1 }]);
    deepEqual(series(counters, 'num_failed_outgoing_requests'), [{ labels, value: 1 }]);
    deepEqual(series(counters, 'num_outgoing_retries'), [{ labels, value: 2 }]);
    deepEqual(series(counters, 'outgoing_latency'), [{ labels, value: 42.5 }]);
  });

  it('counts refused secrets by the code Envoy gave, stale answers, and secrets sent by name and result', () => {
    const counters = new Counters();

    for (const code of ['Internal', 'InvalidArgument', 'Internal']) counters.sds.rejected(code);
    counters.sds.staleNonce();
    counters.sds.pushed('default', 'success');
    counters.sds.pushed('default', 'error');

    deepEqual(series(counters, 'pilot_total_xds_rejects'), [
      { labels: { type: 'sds', err: 'Internal' }, value: 2 },
      { labels: { type: 'sds', err: 'InvalidArgument' }, value: 1 },
    ]);
    deepEqual(series(counters, 'pilot_xds_expired_nonce'), [{ labels: { type: 'sds' }, value: 1 }]);
    deepEqual(series(counters, 'sds_pushes_total'), [
      { labels: { resource_name: 'default', result: 'success' }, value: 1 },
      { labels: { resource_name: 'default', result: 'error' }, value: 1 },
    ]);
  });

  it('shows how many streams for secrets are open', () => {
    const counters = new Counters();
    deepEqual(series(counters, 'sds_streams'), [{ value: 0 }]);

    counters.sds.opened();
    counters.sds.opened();
    counters.sds.ended();

    deepEqual(series(counters, 'sds_streams'), [{ value: 1 }]);
  });

  it('keeps the largest request', () => {
    const counters = new Counters();

    for (const bytes of [10, 300, 20]) counters.xds.requestSize(bytes);

    deepEqual(series(counters, 'pilot_xds_recv_max'), [{ value: 300 }]);
  });
});
