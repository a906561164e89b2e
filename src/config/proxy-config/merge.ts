// How one layer of ProxyConfig is laid over another: present fields replace, whole messages and lists too. The
// exceptions are proxyMetadata, merged key by key, and five members of proxyHeaders.
// Upstream: istio 1.31 pkg/config/mesh, util/protomarshal ApplyYAML, mergeProxyConfig.

import { isJsonObject, type Json, type JsonObject } from '../../runtime/json.ts';
import { oneOf } from './proto-json.ts';

/** Members of proxyHeaders that stay as they were when the new layer leaves them out. */
const STICKY_HEADERS = new Set([
  'forwardedClientCert',
  'requestId',
  'attemptCount',
  'server',
  'envoyDebugHeaders',
]);

/** Fields of which only one can be set; when one layer sets both, the last of these wins. */
const CLUSTER_NAMES = ['serviceCluster', 'tracingServiceName'];

/**
 * @param base in canonical form, zero values kept
 * @param layer likewise; absent fields leave the base alone
 */
export function mergeProxyConfig(base: JsonObject, layer: JsonObject): JsonObject {
  const chosen = oneOf(layer, CLUSTER_NAMES);
  const isNamed = CLUSTER_NAMES.some((name) => name in chosen);
  const kept = Object.entries(base).filter(([name]) => !isNamed || !CLUSTER_NAMES.includes(name));
  const merged = Object.entries(chosen).map(([name, value]): [string, Json] => [
    name,
    mergeField(name, base[name], value),
  ]);
  return Object.fromEntries([...kept, ...merged]);
}

function mergeField(name: string, before: Json | undefined, after: Json): Json {
  if (!isJsonObject(before) || !isJsonObject(after)) return after;
  if (name === 'proxyMetadata') return { ...before, ...after };
  if (name !== 'proxyHeaders') return after;
  const sticky = Object.entries(before).filter(([member]) => STICKY_HEADERS.has(member));
  return { ...Object.fromEntries(sticky), ...after };
}
