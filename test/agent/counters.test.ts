import { deepEqual, equal } from 'node:assert/strict';

import { Counters } from '../../src/agent/counters.ts';
import { CLUSTER_TYPE, NAME_TABLE_TYPE } from '../../src/xds/type-urls.ts';
import { AgentMetrics } from '../../src/status/metrics/agent-metrics.ts';
import type { Distribution, Metric, Series } from '../../src/status/metrics/metric.ts';
import { readExposition } from '../support/exposition.ts';

function metricOf(counters: Counters, name: string): Metric | undefined {
  return counters.metrics().find((metric) => metric.name === name);
}

function series(counters: Counters, name: string): readonly Series[] {
  const metric = metricOf(counters, name);
  return metric === undefined || metric.type === 'histogram' ? [] : metric.series;
}

function distributions(counters: Counters, name: string): readonly Distribution[] {
  const metric = metricOf(counters, name);
  return metric?.type === 'histogram' ? metric.series : [];
}

describe('Counters', () => {
  for (const name of ['istiod_connection_failures', 'xds_proxy_requests', 'istiod_connection_terminations']) {
    it(`shows no ${name} before the first`, () => {
      deepEqual(series(new Counters(), name), []);
    });
  }

  it('shows from the beginning what upstream shows then', () => {
    const counters = new Counters();

    deepEqual(series(counters, 'pilot_xds_recv_max'), [{ value: 0 }]);
    deepEqual(
      distributions(counters, 'pilot_xds_send_time').map(({ sum }) => sum),
      [0],
    );
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

      const counted = events.filter(([each]) => series(counters, each).length > 0);
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

  it('tells by type what came last and how much it was, and names no type that is made up', () => {
    const counters = new Counters();

    counters.xds.received(CLUSTER_TYPE, 100, 1_700_000_000_000);
    counters.xds.received(CLUSTER_TYPE, 50, 1_700_000_001_500);
    counters.xds.received('istio.io/debug/syncz', 1, 0);
    for (let n = 0; n < 100; n++) counters.xds.received(`made.up/${n}`, 1, 0);

    deepEqual(series(counters, 'xds_proxy_response_bytes'), [
      { labels: { type: 'CDS' }, value: 150 },
      { labels: { type: 'debug' }, value: 1 },
      { labels: { type: 'other' }, value: 100 },
    ]);
    deepEqual(series(counters, 'xds_proxy_last_response_timestamp_seconds')[0], {
      labels: { type: 'CDS' },
      value: 1_700_000_001.5,
    });
  });

  it('counts refusals by type and by who refuses', () => {
    const counters = new Counters();

    counters.xds.refused(CLUSTER_TYPE, 'client');
    counters.xds.refused(CLUSTER_TYPE, 'client');
    counters.xds.refused(NAME_TABLE_TYPE, 'agent');

    deepEqual(series(counters, 'xds_proxy_nacks'), [
      { labels: { type: 'CDS', by: 'client' }, value: 2 },
      { labels: { type: 'NDS', by: 'agent' }, value: 1 },
    ]);
  });

  it('shows from the beginning how long connects and writes take, acceptances by type from the first on', () => {
    const counters = new Counters();
    const sums = (name: string): readonly number[] => distributions(counters, name).map(({ sum }) => sum);
    const names = [
      'xds_proxy_connect_duration_seconds',
      'pilot_xds_send_time',
      'xds_proxy_ack_duration_seconds',
    ];
    const before = names.map(sums);

    counters.xds.connectTook(40);
    counters.xds.writeTook(1500);
    counters.xds.accepted(CLUSTER_TYPE, 7);

    deepEqual(before, [[0], [0], []]);
    deepEqual(names.map(sums), [[0.04], [1.5], [0.007]]);
    deepEqual(distributions(counters, 'xds_proxy_ack_duration_seconds')[0]?.labels, { type: 'CDS' });
  });

  it('is written so that a strict reader takes it, whatever names come from outside', async () => {
    const counters = new Counters();
    for (const ms of [0, 0.1, 7, 1e6]) {
      counters.xds.connectTook(ms);
      counters.xds.writeTook(ms);
      for (const type of [CLUSTER_TYPE, 'made.up/"\\n']) counters.xds.accepted(type, ms);
      counters.dns.forwardTook(ms);
    }
    for (const name of ['a"b', 'a\\b', 'a\nb', 'a,b}']) counters.sds.pushed(name, 'success');
    counters.xds.received(CLUSTER_TYPE, 1, 1_700_000_000_123);

    const page = readExposition(await new AgentMetrics(() => counters.metrics()).render());

    equal(page.get('istio_agent_sds_pushes_total')?.samples.length, 4);
    deepEqual(
      counters
        .metrics()
        .filter(({ name, series: all }) => all.length > 0 && !page.has(`istio_agent_${name}`)),
      [],
    );
    deepEqual(page.get('istio_agent_xds_proxy_ack_duration_seconds')?.samples.at(-1), {
      name: 'istio_agent_xds_proxy_ack_duration_seconds_count',
      labels: { type: 'other' },
      value: 4,
    });
  });
});
