// A meter of the DNS server for tests in which nothing is counted; what one counts is laid over it.

import type { DnsMetrics } from '../../../src/dns/metrics.ts';

export function silentDnsMeter(): DnsMetrics {
  const ignore = (): void => undefined;
  return {
    request: ignore,
    answered: ignore,
    truncated: ignore,
    forwarded: ignore,
    failed: ignore,
    forwardTook: ignore,
    hedged: ignore,
    refused: ignore,
    cacheAsked: ignore,
    tableLoaded: ignore,
  };
}
