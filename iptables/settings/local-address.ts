// This host's own address, which decides whether IPv6 is captured. Pure.
// Upstream counterpart: tools/istio-iptables/pkg/cmd/root.go getLocalIP, pkg/util/network.

import { CaptureError } from '../errors.ts';
import { canonicalIPv6, familyOf, isLoopback } from './cidr.ts';

export interface LocalAddress {
  readonly hostIP: string;
  readonly enableIPv6: boolean;
}

/**
 * @param addresses of all interfaces, in the kernel's order: IPv4 first
 * @param dualStack look on for an IPv6 address after the first one
 * @throws CaptureError `no valid local IP address found`
 */
export function localAddress(addresses: readonly string[], dualStack: boolean): LocalAddress {
  const usable = reachable(addresses);
  const [hostIP] = usable;
  if (hostIP === undefined)
    throw new CaptureError('no valid local IP address found', { id: 'IPT-NO-ADDRESS' });
  const looked = dualStack ? usable : [hostIP];
  return { hostIP, enableIPv6: looked.some(isIPv6) };
}

/** The first IPv6 address by which others reach this host, captured or not. */
export function reachableIPv6(addresses: readonly string[]): string | undefined {
  return reachable(addresses).find(isIPv6);
}

/** Those by which others reach this host, in their order: plain, without zones. */
export function reachable(addresses: readonly string[]): readonly string[] {
  return addresses.map(plain).filter((address) => familyOf(address) !== undefined && !isLocal(address));
}

function isIPv6(address: string): boolean {
  return familyOf(address) === 'v6';
}

/** Without zone, canonical, an IPv4 address in IPv6 form unwrapped. */
function plain(address: string): string {
  const [bare = ''] = address.split('%');
  return familyOf(bare) === 'v6' ? canonicalIPv6(bare).replace(/^::ffff:(?=\d+\.)/, '') : bare;
}

/** Loopback, link-local unicast and link-local multicast: not how others reach this host. */
function isLocal(address: string): boolean {
  return isLoopback(address) || /^(?:169\.254\.|224\.0\.0\.|fe[89ab][0-9a-f]:|ff02:)/.test(address);
}
