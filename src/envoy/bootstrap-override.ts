// ISTIO_BOOTSTRAP_OVERRIDE: a YAML or JSON file of the user that Envoy merges over the bootstrap.
// Upstream: istio 1.31 pkg/envoy/proxy.go readBootstrapToJSON.

import { parse } from 'yaml';

const PLACEHOLDER = '$(HOST_IP)';

/**
 * The text for `--config-yaml`: JSON with sorted keys, the host's address put in.
 *
 * @param hostIp `HOST_IP`; an IPv6 address stands in brackets afterwards, also where the file has none
 * @throws an error of the YAML parser
 */
export function bootstrapOverride(text: string, hostIp: string): string {
  const isIpv6 = hostIp.includes(':');
  const address = isIpv6 ? `[${hostIp}]` : hostIp;
  const bracketed = isIpv6 ? text.replaceAll(`[${PLACEHOLDER}]`, () => address) : text;
  return JSON.stringify(sorted(parse(bracketed.replaceAll(PLACEHOLDER, () => address))));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
