// What the proxy counts. The names of the series (`istio_agent_…`) belong to whoever implements this.

export type TerminationType = 'cancelled' | 'error';

export interface ProxyMetrics {
  /** `istiod_connection_failures`: the upstream client could not be built. */
  readonly upstreamNotBuilt: () => void;
  /** `istiod_connection_terminations` */
  readonly upstreamEnded: (type: TerminationType) => void;
  /** `envoy_connection_terminations` */
  readonly downstreamEnded: (type: TerminationType) => void;
  /** `xds_proxy_requests`: about to be sent to the control plane. */
  readonly request: () => void;
  /** `xds_proxy_responses`: received from the control plane. */
  readonly response: () => void;
  /** `pilot_xds_recv_max` keeps the largest of these, bytes. */
  readonly requestSize: (bytes: number) => void;
}
