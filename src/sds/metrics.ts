// What the SDS server counts; the numbers live with whoever exposes them.

export interface SdsMetrics {
  /** `sds_streams`: streams that are open, one more. */
  readonly opened: () => void;
  /** `sds_streams`, one less. */
  readonly ended: () => void;
  /** `sds_pushes_total`: a secret was sent, or could not be; asked for or changed. */
  readonly pushed: (name: string, result: PushResult) => void;
  /** `pilot_total_xds_rejects`: Envoy refused a secret. @param err name of the status code it gave */
  readonly rejected: (err: string) => void;
  /** `pilot_xds_expired_nonce`: an answer to a response that a newer one has replaced. */
  readonly staleNonce: () => void;
  /** `pilot_total_xds_internal_errors`: a stream ended with an error of ours. */
  readonly failed: () => void;
}

export type PushResult = 'success' | 'error';
