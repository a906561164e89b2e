// Whether a resolver is the very address this server listens on: what is sent there comes back.

import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

import { isLoopback } from '../../runtime/loopback.ts';
import type { SocketAddress } from '../socket-address.ts';

/** The addresses of this machine. */
export function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);
}

/**
 * @param listen where this server listens
 * @param interfaces what a server on all addresses listens on, besides those that are loopback addresses
 */
export function isOwnAddress(
  resolver: SocketAddress,
  listen: readonly SocketAddress[],
  interfaces: () => readonly string[] = interfaceAddresses,
): boolean {
  return listen.some(({ host, port }) => {
    if (port !== resolver.port) return false;
    if (host !== '' && host !== '0.0.0.0' && host !== '::') return isSame(resolver.host, [host]);
    return isLoopback(resolver.host) || isSame(resolver.host, interfaces());
  });
}

/** However they are written. */
function isSame(address: string, others: readonly string[]): boolean {
  const list = new BlockList();
  for (const other of others.map(withoutZone).filter((each) => isIP(each) !== 0))
    list.addAddress(other, family(other));
  return list.check(withoutZone(address), family(address));
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

function withoutZone(address: string): string {
  return address.replace(/%.*/, '');
}
