// The statsd sink wants an IP address, users give names: resolved once, at start.
// Upstream: istio 1.31 pkg/util/network ResolveAddr.

import { isIPv4, isIPv6 } from 'node:net';

import { SECOND_MS } from '../../runtime/duration.ts';
import { ConfigError } from '../../runtime/errors.ts';
import { hostPort } from '../../runtime/host-port.ts';
import { splitHostPort } from '../address.ts';

/** All addresses of a name, in the resolver's order; rejects when there are none or the resolver gave up. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** A start does not wait longer for an answer. */
const RESOLVE_LIMIT_MS = 15 * SECOND_MS;

/**
 * `ip:port`, IPv6 in brackets: the first IPv4 address of the host, else its last one.
 *
 * @param limit when to stop waiting; default: 15 s from now
 * @throws ConfigError, or what `resolveHost` rejects with
 */
export async function resolveStatsdAddress(
  address: string,
  resolveHost: ResolveHost,
  limit: AbortSignal = AbortSignal.timeout(RESOLVE_LIMIT_MS),
): Promise<string> {
  const { host, port } = splitHostPort(address);
  const found = isIPv4(host) || isIPv6(host) ? [host] : await inTime(host, resolveHost, limit);
  const chosen = found.find((ip) => isIPv4(ip)) ?? found.at(-1);
  if (chosen === undefined) throw new ConfigError(`no address of ${host}`);
  return hostPort({ host: chosen, port });
}

/** The resolver itself cannot be stopped: its late answer is let go. */
async function inTime(
  host: string,
  resolveHost: ResolveHost,
  limit: AbortSignal,
): Promise<readonly string[]> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new ConfigError(`no answer about ${host} in time`));
  if (limit.aborted) giveUp();
  limit.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([resolveHost(host), late]);
  } finally {
    limit.removeEventListener('abort', giveUp);
  }
}
