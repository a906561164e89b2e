// host:port texts as Envoy socket addresses. Nothing is looked up: Envoy resolves names where it may.
// Upstream: pkg/bootstrap/option/convert.go addressConverter.

import { isIP } from 'node:net';

import { splitHostPort, type HostPort } from '../config/address.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';

/** Envoy's SocketAddress. */
export interface SocketAddress {
  readonly address: string;
  readonly port_value: number;
}

/** Stands for the node's address; the injector cannot know it. */
const HOST_IP = '$(HOST_IP)';

/**
 * @param option what the address is for, as upstream names it: `zipkin`, `statsd`, …
 * @param hostIp variable HOST_IP, put in for `$(HOST_IP)`; empty leaves the text as it is
 * @returns null for empty text: not configured
 * @throws ConfigError `unable to parse <option> address "<text>": <reason>`
 */
export function socketAddress(
  option: string,
  text: string | undefined,
  hostIp: string,
): SocketAddress | null {
  if (text === undefined || text === '') return null;
  try {
    const { host, port } = validHostPort(text);
    return { address: host === HOST_IP && hostIp !== '' ? hostIp : host, port_value: Number(port) };
  } catch (error) {
    throw new ConfigError(`unable to parse ${option} address "${text}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * The address of a statsd server, for whose name Envoy asks no DNS.
 *
 * @throws ConfigError like `socketAddress`, and for a host that is no IP address
 */
export function statsdAddress(text: string | undefined, hostIp: string): SocketAddress | null {
  const address = socketAddress('statsd', text, hostIp);
  if (address === null || isIP(address.address) !== 0) return address;
  throw new ConfigError(`unable to parse statsd address "${text}": ${address.address} is no IP address`);
}

/** Envoy needs a host, and a port that is a number. */
function validHostPort(text: string): HostPort {
  const parts = splitHostPort(text);
  if (parts.host === '') throw new ConfigError('missing host');
  if (/^\d{1,5}$/.test(parts.port) && Number(parts.port) <= 65_535) return parts;
  throw new ConfigError(`invalid port "${parts.port}"`);
}
