// The numbers of the ADS proxy that are more than a count: by resource type, and how long things take.

import { SECOND_MS } from '../runtime/duration.ts';
import { counter, gauge, type Metric, type Series } from '../status/metrics/metric.ts';
import { isDebugType, shortTypeName } from '../xds/type-urls.ts';
import type { ProxyMetrics, Refuser } from '../xds-proxy/metrics.ts';
import type { XdsProxySnapshot } from '../xds-proxy/proxy.ts';
import { Histogram } from './histogram.ts';

type XdsMeter = Pick<
  ProxyMetrics,
  'received' | 'requestSize' | 'connectTook' | 'writeTook' | 'accepted' | 'refused'
>;

interface Received {
  sizeBytes: number;
  lastMs: number;
}

export class XdsCounters {
  readonly meter: XdsMeter;
  readonly #received = new Map<string, Received>();
  readonly #refused = new Map<string, Series>();
  readonly #connectTook = new Histogram({
    name: 'xds_proxy_connect_duration_seconds',
    help: 'Time until a stream to the control plane was open.',
    bounds: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20],
  }).fromTheBeginning();
  readonly #writeTook = new Histogram({
    name: 'pilot_xds_send_time',
    help: 'Time until the socket to Envoy had taken a response, seconds.',
    bounds: [0.01, 0.1, 1, 3, 5, 10, 20, 30],
  }).fromTheBeginning();
  readonly #acceptedAfter = new Histogram({
    name: 'xds_proxy_ack_duration_seconds',
    help: 'Time from a response of the control plane until Envoy accepted it.',
    bounds: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
  });
  #largestRequest = 0;

  constructor() {
    this.meter = {
      received: (typeUrl, sizeBytes, atMs) => this.#onReceived(typeLabel(typeUrl), sizeBytes, atMs),
      requestSize: (bytes) => {
        this.#largestRequest = Math.max(this.#largestRequest, bytes);
      },
      connectTook: (ms) => this.#connectTook.observe(ms / SECOND_MS),
      writeTook: (ms) => this.#writeTook.observe(ms / SECOND_MS),
      accepted: (typeUrl, afterMs) =>
        this.#acceptedAfter.observe(afterMs / SECOND_MS, { type: typeLabel(typeUrl) }),
      refused: (typeUrl, by) => this.#onRefused(typeLabel(typeUrl), by),
    };
  }

  metrics(): readonly Metric[] {
    const byType = (value: (received: Received) => number): readonly Series[] =>
      [...this.#received].map(([type, received]) => ({ labels: { type }, value: value(received) }));
    return [
      gauge('pilot_xds_recv_max', 'Largest request of Envoy, bytes.', this.#largestRequest),
      gauge(
        'xds_proxy_last_response_timestamp_seconds',
        'When the control plane last sent a response, seconds since the Unix epoch.',
        byType(({ lastMs }) => lastMs / SECOND_MS),
      ),
      counter(
        'xds_proxy_response_bytes',
        'Bytes of the responses of the control plane.',
        byType(({ sizeBytes }) => sizeBytes),
      ),
      counter('xds_proxy_nacks', 'Responses that were refused, by Envoy (client) or by the agent.', [
        ...this.#refused.values(),
      ]),
      this.#connectTook.metric(),
      this.#writeTook.metric(),
      this.#acceptedAfter.metric(),
    ];
  }

  #onReceived(type: string, sizeBytes: number, atMs: number): void {
    const before = this.#received.get(type)?.sizeBytes ?? 0;
    this.#received.set(type, { sizeBytes: before + sizeBytes, lastMs: atMs });
  }

  #onRefused(type: string, by: Refuser): void {
    const key = `${type} ${by}`;
    const before = this.#refused.get(key)?.value ?? 0;
    this.#refused.set(key, { labels: { type, by }, value: before + 1 });
  }
}

/** What the streams that are open now have to tell. */
export function xdsGauges({ generations }: XdsProxySnapshot): readonly Metric[] {
  const streams = generations.map(({ stream }) => stream?.queuedRequests ?? 0);
  return [
    gauge(
      'xds_proxy_connected',
      'Streams to the control plane that are open, one per Envoy.',
      generations.filter(({ connected }) => connected).length,
    ),
    gauge(
      'xds_proxy_request_queue_length',
      'Requests that wait for the control plane to take them.',
      streams.reduce((sum, queued) => sum + queued, 0),
    ),
  ];
}

/** Few values, whatever types are made up: `CDS` and the like, `debug`, and one for all others. */
function typeLabel(typeUrl: string): string {
  if (isDebugType(typeUrl)) return 'debug';
  const short = shortTypeName(typeUrl);
  return short === typeUrl ? 'other' : short;
}
