// `host:port` as Go splits it, and the rules a host name must follow.
// Upstream: Go net.SplitHostPort, istio pkg/config/validation/agent ValidateProxyAddress.

import { isIP } from 'node:net';

import { ConfigError } from '../runtime/errors.ts';
import { excerpt } from '../runtime/excerpt.ts';

export interface HostPort {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: string;
}

/** @throws ConfigError `address <text>: missing port in address` and the like */
export function splitHostPort(text: string): HostPort {
  const fail = (why: string): ConfigError => new ConfigError(`address ${excerpt(text)}: ${why}`);
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw fail('missing port in address');
  const port = text.slice(colon + 1);
  if (!text.startsWith('[')) {
    const host = text.slice(0, colon);
    if (host.includes(':')) throw fail('too many colons in address');
    const [bracket] = /[[\]]/.exec(text) ?? [];
    if (bracket !== undefined) throw fail(`unexpected '${bracket}' in address`);
    return { host, port };
  }
  const end = text.indexOf(']');
  if (end < 0) throw fail("missing ']' in address");
  const rest = text.slice(end + 1);
  if (!rest.startsWith(':')) throw fail('missing port in address');
  if (end !== colon - 1) throw fail('too many colons in address');
  return { host: text.slice(1, end), port };
}

/** What is wrong with a `host:port`, in upstream's words; undefined when nothing is. */
export function addressProblem(text: string): string | undefined {
  try {
    const { host, port } = splitHostPort(text);
    if (!/^[+-]?\d+$/.test(port)) {
      return `port (${excerpt(port)}) is not a number: strconv.Atoi: parsing ${quoted(port)}: invalid syntax`;
    }
    return portProblem(Number(port)) ?? hostProblem(host);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `unable to split ${quoted(text)}: ${error.message}`;
  }
}

function quoted(text: string): string {
  return JSON.stringify(excerpt(text));
}

export function portProblem(port: number): string | undefined {
  return port >= 1 && port <= 65_535 ? undefined : `port number ${port} must be in the range 1..65535`;
}

function hostProblem(host: string): string | undefined {
  if (isHostName(host) || isIP(host) !== 0) return undefined;
  return `${quoted(host)} is not a valid hostname or an IP address`;
}

/** A DNS-1123 name of at most 255 characters; one trailing dot is allowed, an all-digit last label is not. */
function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  const labels = text.replace(/\.$/, '').split('.');
  if (/^\d+$/.test(labels.at(-1) ?? '')) return false;
  return labels.every((label) => /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(label));
}

/**
 * An address as Go prints it: IPv6 in lower case with its longest run of zeros left out, an IPv4 address inside IPv6
 * with dots. Any other text stays as it is.
 */
export function canonicalIp(text: string): string {
  if (isIP(text) !== 6) return text;
  const [address = '', scope] = text.split('%');
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(short) ?? [];
  const dotted = (hex = ''): string => {
    const value = Number.parseInt(hex, 16);
    return `${value >> 8}.${value & 255}`;
  };
  const shown = high === undefined ? short : `::ffff:${dotted(high)}.${dotted(low)}`;
  return scope === undefined ? shown : `${shown}%${scope}`;
}
