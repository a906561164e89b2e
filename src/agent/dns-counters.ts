// The numbers of the DNS server. Names that upstream has appear with their first event, as they do there; ours show 0
// before.

import type { DnsMetrics } from '../dns/metrics.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { counter, gauge, type Metric, type Series } from '../status/metrics/metric.ts';
import { Histogram } from './histogram.ts';

export class DnsCounters {
  readonly meter: DnsMetrics;
  readonly #answered = { hit: 0, nodata: 0 };
  readonly #truncated = { udp: 0, tcp: 0 };
  readonly #cacheAsked = { hit: 0, miss: 0 };
  readonly #forwardTook = new Histogram({
    name: 'dns_upstream_request_duration_seconds',
    help: 'Time until a resolver of the host answered, or none did.',
    bounds: [0.001, 0.005, 0.01, 0.1, 1, 5],
  });
  readonly #tableTook = new Histogram({
    name: 'dns_table_update_seconds',
    help: 'Time until a name table that came was in use.',
    bounds: [0.001, 0.01, 0.1, 0.5, 1, 5, 10],
  }).fromTheBeginning();
  #requests = 0;
  #forwarded = 0;
  #failed = 0;
  #hedged = 0;
  #refused = 0;
  #tableHosts = 0;

  constructor() {
    this.meter = {
      request: () => void (this.#requests += 1),
      answered: (result) => void (this.#answered[result] += 1),
      truncated: (protocol) => void (this.#truncated[protocol] += 1),
      forwarded: () => void (this.#forwarded += 1),
      failed: () => void (this.#failed += 1),
      forwardTook: (ms) => this.#forwardTook.observe(ms / SECOND_MS),
      hedged: () => void (this.#hedged += 1),
      refused: () => void (this.#refused += 1),
      cacheAsked: (result) => void (this.#cacheAsked[result] += 1),
      tableLoaded: (hosts, tookMs) => {
        this.#tableHosts = hosts;
        this.#tableTook.observe(tookMs / SECOND_MS);
      },
    };
  }

  metrics(): readonly Metric[] {
    return [
      ...late('dns_requests_total', 'DNS queries accepted.', this.#requests),
      ...late(
        'dns_upstream_requests_total',
        'DNS queries forwarded to the resolvers of the host.',
        this.#forwarded,
      ),
      ...late(
        'dns_upstream_failures_total',
        'Forwarded DNS queries that no resolver answered.',
        this.#failed,
      ),
      this.#forwardTook.metric(),
      counter(
        'dns_upstream_hedges_total',
        'Times that a slow resolver made us ask the next one too.',
        this.#hedged,
      ),
      counter(
        'dns_upstream_refused_total',
        'DNS queries not forwarded, as too many were waiting.',
        this.#refused,
      ),
      counter(
        'dns_upstream_cache_total',
        'DNS queries that a kept answer could serve (hit) or that had to be forwarded (miss).',
        seriesBy('result', this.#cacheAsked),
      ),
      counter(
        'dns_local_answers_total',
        'DNS queries answered from the name table, with records (hit) or without (nodata).',
        seriesBy('result', this.#answered),
      ),
      counter(
        'dns_truncated_total',
        'DNS replies cut to the size their asker takes.',
        seriesBy('proto', this.#truncated),
      ),
      gauge('dns_table_hosts', 'Hosts in the name table.', this.#tableHosts),
      this.#tableTook.metric(),
    ];
  }
}

/** Nothing before the first event. */
function late(name: string, help: string, value: number): readonly Metric[] {
  return value === 0 ? [] : [counter(name, help, value)];
}

function seriesBy(label: string, counts: Readonly<Record<string, number>>): readonly Series[] {
  return Object.entries(counts).map(([each, value]) => ({ labels: { [label]: each }, value }));
}
