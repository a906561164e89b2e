// The statsd sink wants an IP address, users give names: resolved once, at start.
// Upstream: istio 1.31 pkg/util/network ResolveAddr.

import { isIPv4, isIPv6 } from 'node:net';

import { ConfigError } from '../runtime/errors.ts';
import { splitHostPort } from './address.ts';

/** All addresses of a name, in the resolver's order; rejects when there are none or the resolver gave up. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/**
 * `ip:port`, IPv6 in brackets: the first IPv4 address of the host, else its last one.
 *
 * @throws ConfigError, or what `resolveHost` rejects with
 */
export async function resolveStatsdAddress(address: string, resolveHost: ResolveHost): Promise<string> {
  const { host, port } = splitHostPort(address);
  const found = isIPv4(host) || isIPv6(host) ? [host] : await resolveHost(host);
  const chosen = found.find((ip) => isIPv4(ip)) ?? found.at(-1);
  if (chosen === undefined) throw new ConfigError(`no address of ${host}`);
  return isIPv6(chosen) ? `[${chosen}]:${port}` : `${chosen}:${port}`;
}
