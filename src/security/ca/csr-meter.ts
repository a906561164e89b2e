// What is counted about signing requests; the numbers live with whoever exposes them.
// Upstream counterpart: istio security/pkg/monitoring, num_outgoing_requests and its siblings.

export interface CsrMeter {
  /** A request is made: `num_outgoing_requests`. */
  started(): void;
  /** It has ended, well or not: `outgoing_latency`. */
  ended(latencyMs: number): void;
  /** `num_failed_outgoing_requests`. */
  failed(): void;
  /** An attempt of it is repeated: `num_outgoing_retries`. */
  retried(): void;
}
