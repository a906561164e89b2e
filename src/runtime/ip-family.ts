// Which family an IP address is of.

import { SocketAddress } from 'node:net';

export type IpFamily = 'ipv4' | 'ipv6';

/**
 * Undefined: no address. By the system's parser, because the first isIP() of an IPv6 address takes 6 ms, and Envoy
 * waits for it.
 */
export function ipFamily(address: string): IpFamily | undefined {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  try {
    return new SocketAddress({ address, family }).family;
  } catch {
    return undefined; // that is its whole message
  }
}
