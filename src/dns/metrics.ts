// What the DNS server counts. The names of the series (`istio_agent_…`) belong to whoever implements this.

export interface DnsMetrics {
  /** `dns_requests_total`: a query that is answered by us or by others. */
  readonly request: () => void;
  /** `dns_upstream_requests_total`: one that others are asked about. */
  readonly forwarded: () => void;
  /** `dns_upstream_failures_total`: nobody answered it. */
  readonly failed: () => void;
  /** `dns_upstream_request_duration_seconds`; given in milliseconds, failures included. */
  readonly forwardTook: (ms: number) => void;
}
