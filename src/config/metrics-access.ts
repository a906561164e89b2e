// Who may read metrics: one rule for the status port and for Envoy's own listeners.

import type { TextMap } from '../runtime/json.ts';

/**
 * Whether only this host may: exactly `true` under a key of proxyMetadata. The variable of that name means nothing.
 *
 * @see istio 1.31 pkg/bootstrap/config.go, pilot/cmd/pilot-agent/options/statusserver.go
 */
export function metricsLoopbackOnly(proxyMetadata: Partial<TextMap> = {}): boolean {
  return proxyMetadata['METRICS_LOCALHOST_ACCESS_ONLY'] === 'true';
}
