// Counters nobody reads.

import type { ProxyMetrics } from '../../../src/xds-proxy/metrics.ts';

export function silentProxyMetrics(): ProxyMetrics {
  const ignore = (): void => undefined;
  return new Proxy({} as ProxyMetrics, { get: () => ignore });
}
