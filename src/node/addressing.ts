// Which loopback and wildcard addresses Envoy uses, decided by the families of the instance's addresses.
// Finding those addresses is in instance-addresses.ts. Upstream: pkg/model/network.go, pkg/bootstrap/config.go.

import { ipFamily } from '../runtime/ip-family.ts';

export type IpMode = 'IPv4' | 'IPv6' | 'Dual';

/** Without any usable address the mode is IPv4. */
export function ipMode(addresses: readonly string[]): IpMode {
  const families = new Set(addresses.map(ipFamily));
  if (!families.has('ipv6')) return 'IPv4';
  return families.has('ipv4') ? 'Dual' : 'IPv6';
}

export interface Addressing {
  readonly localhost: string;
  readonly wildcard: string;
  /** The other family's addresses; only with dual stack switched on. */
  readonly additionalLocalhost?: string;
  readonly additionalWildcard?: string;
  /** Envoy's Cluster.DnsLookupFamily. */
  readonly dnsLookupFamily: 'V4_ONLY' | 'V6_ONLY' | 'ALL';
}

const V4 = { localhost: '127.0.0.1', wildcard: '0.0.0.0' };
const V6 = { localhost: '::1', wildcard: '::' };

/**
 * @param addresses instance addresses, the one other proxies use first; texts that are no address are skipped
 * @param dualStack ISTIO_DUAL_STACK; without it an instance with both families is treated as IPv4
 */
export function addressing(addresses: readonly string[], dualStack: boolean): Addressing {
  const mode = ipMode(addresses);
  if (mode === 'IPv6') return { ...V6, dnsLookupFamily: 'V6_ONLY' };
  if (mode === 'IPv4' || !dualStack) return { ...V4, dnsLookupFamily: 'V4_ONLY' };
  const [main, other] = leadsWithV6(addresses) ? [V6, V4] : [V4, V6];
  return {
    ...main,
    additionalLocalhost: other.localhost,
    additionalWildcard: other.wildcard,
    dnsLookupFamily: 'ALL',
  };
}

/** A link-local address cannot be reached from other nodes, so one in front does not make IPv6 the main family. */
function leadsWithV6(addresses: readonly string[]): boolean {
  const first = addresses.find((address) => ipFamily(address) !== undefined) ?? '';
  return ipFamily(first) === 'ipv6' && !/^fe[89ab]/i.test(first);
}
