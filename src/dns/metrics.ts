// What the DNS server counts. The names of the series (`istio_agent_…`) belong to whoever implements this.

export interface DnsMetrics {
  /** `dns_requests_total`: a query that is answered by us or by others. */
  readonly request: () => void;
  /** `dns_local_answers_total`: answered from the name table; `nodata`: the name exists, without what was asked. */
  readonly answered: (result: 'hit' | 'nodata') => void;
  /** `dns_truncated_total`: a reply, ours or others', that was cut to what its asker takes. */
  readonly truncated: (protocol: 'udp' | 'tcp') => void;
  /** `dns_upstream_requests_total`: one that others are asked about. */
  readonly forwarded: () => void;
  /** `dns_upstream_failures_total`: nobody answered it. */
  readonly failed: () => void;
  /** `dns_upstream_request_duration_seconds`; given in milliseconds, failures included. */
  readonly forwardTook: (ms: number) => void;
  /** `dns_upstream_hedges_total`: a resolver is slow, and the next one is asked too. */
  readonly hedged: () => void;
  /** `dns_upstream_refused_total`: one that nobody is asked about, as too many wait for an answer already. */
  readonly refused: () => void;
  /** `dns_upstream_cache_total`: whether a kept answer, or one that is being waited for, serves a query. */
  readonly cacheAsked: (result: 'hit' | 'miss') => void;
  /** `dns_table_hosts` and `dns_table_update_seconds`: a table counts from now on. */
  readonly tableLoaded: (hosts: number, tookMs: number) => void;
}
