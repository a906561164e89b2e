// The numbers the agent's parts count, kept as plain fields and handed over as series when a scrape asks.
// Names are upstream's, those of Envoy's restarts ours; the prefix is added by whoever writes the page.

import type { DnsMetrics } from '../dns/metrics.ts';
import type { SdsMetrics } from '../sds/metrics.ts';
import type { CsrMeter } from '../security/ca/csr-meter.ts';
import type { FileMeter } from '../security/files/file-meter.ts';
import { counter, gauge, type Labels, type Metric } from '../status/metrics/metric.ts';
import type { ProxyMetrics } from '../xds-proxy/metrics.ts';
import { DnsCounters } from './dns-counters.ts';
import { XdsCounters } from './xds-counters.ts';

/** Counters without labels. Those of upstream appear with their first event. */
const COUNTERS = {
  istiod_connection_failures: 'Connections to the control plane that could not be built.',
  xds_proxy_requests: 'Messages sent to the control plane.',
  xds_proxy_responses: 'Messages received from the control plane.',
  pilot_total_xds_internal_errors: 'Streams of Envoy for secrets that ended with an error.',
  num_file_watcher_failures_total: 'Directories of certificate files that could not be watched.',
  num_file_secret_failures_total: 'Requests for a secret whose files could not be used.',
} as const;

type CounterName = keyof typeof COUNTERS;

/** A series appears with its first event. */
const LABELLED_COUNTERS = {
  istiod_connection_terminations: 'Ended streams to the control plane.',
  envoy_connection_terminations: 'Ended streams of Envoy.',
  pilot_total_xds_rejects: 'Secrets that Envoy refused, by the code it gave.',
  pilot_xds_expired_nonce: 'Answers of Envoy to a secret that was replaced meanwhile.',
  sds_pushes_total: 'Secrets sent to Envoy, or not to be had for it.',
  num_outgoing_requests: 'Signing requests to the CA.',
  num_failed_outgoing_requests: 'Signing requests that failed.',
  num_outgoing_retries: 'Repeated attempts of signing requests.',
  outgoing_latency: 'Time all signing requests took together, milliseconds.',
} as const;

type LabelledName = keyof typeof LABELLED_COUNTERS;

/** Series of one counter. Clients make up names of secrets, and any number of those would end up on the page. */
const MAX_SERIES = 1000;

const SDS = { type: 'sds' };
const CSR = { request_type: 'csr' };

export class Counters {
  readonly xds: ProxyMetrics;
  readonly csr: CsrMeter;
  readonly files: FileMeter;
  readonly sds: SdsMetrics;
  readonly dns: DnsMetrics;
  readonly #counts = new Map<CounterName, number>();
  /** By name, then by the labels as text. */
  readonly #labelled = new Map<LabelledName, Map<string, number>>();
  readonly #providers: (() => readonly Metric[])[] = [];
  readonly #ofXds = new XdsCounters();
  readonly #ofDns = new DnsCounters();
  #sdsStreams = 0;

  constructor() {
    const count = (name: CounterName) => (): void => this.#count(name);
    const countBy = (name: LabelledName) => (type: string) => this.#countBy(name, { type });
    this.xds = {
      upstreamNotBuilt: count('istiod_connection_failures'),
      upstreamEnded: countBy('istiod_connection_terminations'),
      downstreamEnded: countBy('envoy_connection_terminations'),
      request: count('xds_proxy_requests'),
      response: count('xds_proxy_responses'),
      ...this.#ofXds.meter,
    };
    this.csr = {
      started: () => this.#countBy('num_outgoing_requests', CSR),
      ended: (latencyMs) => this.#countBy('outgoing_latency', CSR, latencyMs),
      failed: () => this.#countBy('num_failed_outgoing_requests', CSR),
      retried: () => this.#countBy('num_outgoing_retries', CSR),
    };
    this.files = {
      watchFailed: count('num_file_watcher_failures_total'),
      secretFailed: count('num_file_secret_failures_total'),
    };
    this.sds = {
      opened: () => void (this.#sdsStreams += 1),
      ended: () => void (this.#sdsStreams -= 1),
      pushed: (name, result) => this.#countBy('sds_pushes_total', { resource_name: name, result }),
      rejected: (err) => this.#countBy('pilot_total_xds_rejects', { ...SDS, err }),
      staleNonce: () => this.#countBy('pilot_xds_expired_nonce', SDS),
      failed: count('pilot_total_xds_internal_errors'),
    };
    this.dns = this.#ofDns.meter;
  }

  /** @param provider metrics that are worked out when a scrape asks, such as the time left of something */
  add(provider: () => readonly Metric[]): void {
    this.#providers.push(provider);
  }

  metrics(): readonly Metric[] {
    return [
      ...Object.entries(COUNTERS).map(([name, help]): Metric => {
        return counter(name, help, this.#counts.get(name as CounterName));
      }),
      ...Object.entries(LABELLED_COUNTERS).map(([name, help]): Metric => {
        const counts = this.#labelled.get(name as LabelledName) ?? [];
        const series = [...counts].map(([text, value]) => ({ labels: JSON.parse(text) as Labels, value }));
        return counter(name, help, series);
      }),
      gauge('sds_streams', 'Streams of Envoy for secrets that are open.', this.#sdsStreams),
      ...this.#ofXds.metrics(),
      ...this.#ofDns.metrics(),
      ...this.#providers.flatMap((provide) => provide()),
    ];
  }

  #count(name: CounterName): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #countBy(name: LabelledName, labels: Labels, amount = 1): void {
    const counts = this.#labelled.get(name) ?? new Map<string, number>();
    const text = JSON.stringify(labels);
    if (counts.size >= MAX_SERIES && !counts.has(text)) return;
    this.#labelled.set(name, counts.set(text, (counts.get(text) ?? 0) + amount));
  }
}
