// Which resolvers the resolver file leaves to be asked: those that are addresses, and not this server itself.

import { isIP } from 'node:net';

import { hostPort } from '../../runtime/host-port.ts';
import type { Log } from '../../runtime/log.ts';
import type { SocketAddress } from '../socket-address.ts';
import { isOwnAddress } from './own-address.ts';
import { parseResolvConf } from './resolv-conf.ts';

export interface Resolvers {
  readonly resolvers: readonly SocketAddress[];
  readonly search: readonly string[];
  /** Further rounds of asking all of them, as `options attempts` says; 0 where it says nothing. */
  readonly retries: number;
}

const DNS_PORT = 53;
/** As in the C library: more is taken for this. */
const MAX_ATTEMPTS = 5;

/** @param listen where this server listens */
export function resolversIn(text: string, listen: readonly SocketAddress[], log: Log): Resolvers {
  const { nameservers, search, attempts = 1 } = parseResolvConf(text);
  const names = nameservers.filter((server) => isIP(server) === 0);
  if (names.length > 0) log.warn(`ignored name servers that are no IP address: ${names.join(', ')}`);
  const addresses = nameservers
    .filter((server) => isIP(server) !== 0)
    .map((host) => ({ host, port: DNS_PORT }));
  const own = addresses.filter((address) => isOwnAddress(address, listen));
  if (own.length > 0)
    log.error(`ignored name servers that are this DNS server itself: ${own.map(hostPort).join(', ')}`);
  return {
    resolvers: addresses.filter((address) => !own.includes(address)),
    search,
    retries: Math.min(attempts, MAX_ATTEMPTS) - 1,
  };
}
