// How many downstream connections Envoy accepts in all.
// Upstream: pkg/bootstrap/config.go getGlobalDownstreamMaxConnections.

import type { ProxyConfigJson } from '../node/proxy-config-json.ts';
import type { Warn } from '../node/raw-metadata.ts';

/** In effect no limit. */
const UNLIMITED = 2_147_483_647;

/** proxyMetadata, then runtimeValues; text that is no integer counts as unset, and Envoy needs more than 0. */
export function maxDownstreamConnections(config: ProxyConfigJson, warn: Warn): number {
  const limit =
    integer(config.proxyMetadata?.['ISTIO_META_GLOBAL_DOWNSTREAM_MAX_CONNECTIONS']) ??
    integer(config.runtimeValues?.['overload.global_downstream_max_connections']) ??
    UNLIMITED;
  if (limit > 0) return limit;
  warn(`global downstream connection limit ${limit} is ignored: it must be above 0`);
  return UNLIMITED;
}

function integer(text: string | undefined): number | undefined {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined;
  return Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}
