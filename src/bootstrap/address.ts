// host:port texts as Envoy socket addresses. Nothing is looked up: Envoy resolves names where it may.
// Upstream: pkg/bootstrap/option/convert.go addressConverter, Go net.SplitHostPort.

import { ConfigError } from '../runtime/errors.ts';

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
  const fail = (reason: string): ConfigError =>
    new ConfigError(`unable to parse ${option} address "${text}": ${reason}`);
  const { host, port } = splitHostPort(text, fail);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw fail(`invalid port "${port}"`);
  return { address: host === HOST_IP && hostIp !== '' ? hostIp : host, port_value: Number(port) };
}

function splitHostPort(text: string, fail: (reason: string) => ConfigError): { host: string; port: string } {
  const bad = (what: string): ConfigError => fail(`address ${text}: ${what}`);
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw bad('missing port in address');
  const host = text.slice(0, colon);
  const port = text.slice(colon + 1);
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    if (end < 0) throw bad("missing ']' in address");
    if (end === text.length - 1) throw bad('missing port in address');
    if (end !== colon - 1)
      throw bad(text[end + 1] === ':' ? 'too many colons in address' : 'missing port in address');
    return { host: text.slice(1, end), port };
  }
  if (host.includes(':')) throw bad('too many colons in address');
  if (/[[\]]/.test(text)) throw bad(`unexpected '${text.includes('[') ? '[' : ']'}' in address`);
  return { host, port };
}
