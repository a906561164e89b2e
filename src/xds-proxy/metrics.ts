// What the proxy counts. The names of the series (`istio_agent_…`) belong to whoever implements this.

export type TerminationType = 'cancelled' | 'error';

/** Who refuses a response: Envoy, or the part of the agent that takes its type. */
export type Refuser = 'client' | 'agent';

export interface ProxyMetrics {
  /** `istiod_connection_failures`: the upstream client could not be built. */
  readonly upstreamNotBuilt: () => void;
  /** `istiod_connection_terminations` */
  readonly upstreamEnded: (type: TerminationType) => void;
  /** `envoy_connection_terminations` */
  readonly downstreamEnded: (type: TerminationType) => void;
  /** `xds_proxy_connect_duration_seconds`: a stream to the control plane was opened; from the dial on, milliseconds. */
  readonly connectTook: (ms: number) => void;
  /** `xds_proxy_requests`: about to be sent to the control plane. */
  readonly request: () => void;
  /** `xds_proxy_responses`: received from the control plane. */
  readonly response: () => void;
  /**
   * `xds_proxy_last_response_timestamp_seconds` and `xds_proxy_response_bytes`, for which a message must be read.
   *
   * @param atMs wall time
   */
  readonly received: (typeUrl: string, sizeBytes: number, atMs: number) => void;
  /** `pilot_xds_recv_max` keeps the largest of these, bytes. */
  readonly requestSize: (bytes: number) => void;
  /** `pilot_xds_send_time`: until Envoy's transport had taken a response, milliseconds. */
  readonly writeTook: (ms: number) => void;
  /** `xds_proxy_ack_duration_seconds`: from a response to Envoy's acceptance of it, milliseconds. */
  readonly accepted: (typeUrl: string, afterMs: number) => void;
  /** `xds_proxy_nacks` */
  readonly refused: (typeUrl: string, by: Refuser) => void;
}
