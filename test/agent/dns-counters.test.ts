import { deepEqual } from 'node:assert/strict';

import { DnsCounters } from '../../src/agent/dns-counters.ts';

/** All series of a metric, or the counts of its buckets. */
function valuesOf(counters: DnsCounters, name: string): unknown {
  const metric = counters.metrics().find((each) => each.name === name);
  return metric?.type === 'histogram' ? metric.series.map(({ counts }) => [...counts]) : metric?.series;
}

describe('DnsCounters', () => {
  const late = ['dns_requests_total', 'dns_upstream_requests_total', 'dns_upstream_failures_total'] as const;

  it('shows what upstream counts too from its first event on', () => {
    const counters = new DnsCounters();
    const before = late.map((name) => valuesOf(counters, name));

    counters.meter.request();
    counters.meter.request();
    counters.meter.forwarded();
    counters.meter.failed();

    deepEqual(before, [undefined, undefined, undefined]);
    deepEqual(
      late.map((name) => valuesOf(counters, name)),
      [[{ value: 2 }], [{ value: 1 }], [{ value: 1 }]],
    );
  });

  it('shows how long resolvers take from the first answer on, in seconds', () => {
    const counters = new DnsCounters();
    const name = 'dns_upstream_request_duration_seconds';
    const before = valuesOf(counters, name);

    for (const ms of [1, 3, 100, 6000]) counters.meter.forwardTook(ms);

    deepEqual([before, valuesOf(counters, name)], [[], [[1, 1, 0, 1, 0, 0, 1]]]);
  });

  it('shows 0 for answers of ours and cut replies before the first, and then counts each kind', () => {
    const counters = new DnsCounters();
    const values = (): unknown => [
      valuesOf(counters, 'dns_local_answers_total'),
      valuesOf(counters, 'dns_truncated_total'),
    ];
    const expected = (hit: number, nodata: number, udp: number, tcp: number): unknown => [
      [
        { labels: { result: 'hit' }, value: hit },
        { labels: { result: 'nodata' }, value: nodata },
      ],
      [
        { labels: { proto: 'udp' }, value: udp },
        { labels: { proto: 'tcp' }, value: tcp },
      ],
    ];
    const before = values();

    for (const result of ['hit', 'hit', 'nodata'] as const) counters.meter.answered(result);
    for (const protocol of ['udp', 'udp', 'udp', 'tcp'] as const) counters.meter.truncated(protocol);

    deepEqual(before, expected(0, 0, 0, 0));
    deepEqual(values(), expected(2, 1, 3, 1));
  });

  it('shows the hosts of the newest table, 0 before the first, and how long each took', () => {
    const counters = new DnsCounters();
    const values = (): unknown => [
      valuesOf(counters, 'dns_table_hosts'),
      valuesOf(counters, 'dns_table_update_seconds'),
    ];
    const before = values();

    counters.meter.tableLoaded(20_000, 400);
    counters.meter.tableLoaded(3, 2);

    deepEqual(before, [[{ value: 0 }], [[0, 0, 0, 0, 0, 0, 0, 0]]]);
    deepEqual(values(), [[{ value: 3 }], [[0, 1, 0, 1, 0, 0, 0, 0]]]);
  });

  it('shows 0 for second questions, refused queries and uses of the cache, and then counts them', () => {
    const counters = new DnsCounters();
    const values = (): unknown => [
      valuesOf(counters, 'dns_upstream_hedges_total'),
      valuesOf(counters, 'dns_upstream_refused_total'),
      valuesOf(counters, 'dns_upstream_cache_total'),
    ];
    const before = values();

    counters.meter.hedged();
    counters.meter.refused();
    counters.meter.refused();
    for (const result of ['hit', 'miss', 'miss'] as const) counters.meter.cacheAsked(result);

    const cache = (hit: number, miss: number): unknown => [
      { labels: { result: 'hit' }, value: hit },
      { labels: { result: 'miss' }, value: miss },
    ];
    deepEqual(before, [[{ value: 0 }], [{ value: 0 }], cache(0, 0)]);
    deepEqual(values(), [[{ value: 1 }], [{ value: 2 }], cache(1, 2)]);
  });
});
