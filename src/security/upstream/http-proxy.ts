// Whether a connection goes through an HTTP proxy, by the variables that every Go program heeds: for what is secured,
// `HTTPS_PROXY` and never `HTTP_PROXY`. grpc-js has other rules and is told to leave the matter alone.
// Upstream counterpart: Go's golang.org/x/net/http/httpproxy, for https.

import { BlockList, isIP, isIPv6 } from 'node:net';

import { ConfigError } from '../../runtime/errors.ts';
import { isLoopback } from '../../runtime/loopback.ts';
import type { Tunnel } from './http-tunnel.ts';

export interface HttpProxyVariables {
  /** `HTTPS_PROXY`: a URL, or `host:port`; empty: no proxy. */
  readonly httpsProxy: string;
  /** `NO_PROXY`: names, addresses and ranges that are reached without it, separated by commas; `*` is everything. */
  readonly noProxy: string;
}

export interface Route {
  /** What the connection is made to: a gRPC target. */
  readonly target: string;
  /** What a proxy at the target is asked for; undefined: it is no proxy. */
  readonly tunnel: Tunnel | undefined;
}

/**
 * The way to `host:port`. A host of this machine is always reached directly.
 *
 * @throws ConfigError when the proxy is no URL; the URL is not shown, there may be a password in it
 */
export function routeTo(address: string, { httpsProxy, noProxy }: HttpProxyVariables): Route {
  if (httpsProxy === '' || isExcepted(address, noProxy)) return { target: address, tunnel: undefined };
  const url = URL.parse(httpsProxy.includes('://') ? httpsProxy : `http://${httpsProxy}`);
  const defaultPort = url && DEFAULT_PORTS.get(url.protocol);
  if (!url || url.hostname === '' || !defaultPort) throw notAProxy();
  const { hostname, port } = url;
  return {
    target: `dns:${hostname}:${port || defaultPort}`,
    tunnel: { address, userInfo: userInfoOf(url) },
  };
}

/** A proxy is spoken to in the clear by either name, as in the reference. */
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http:', '80'],
  ['https:', '443'],
]);

function userInfoOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    throw notAProxy(); // a percent sign that begins nothing; the error would show what is around it
  }
}

function notAProxy(): ConfigError {
  return new ConfigError('HTTPS_PROXY is no URL of an HTTP proxy: write it as http://host:port');
}

interface HostPort {
  readonly host: string;
  /** Empty: any. */
  readonly port: string;
}

function isExcepted(address: string, noProxy: string): boolean {
  const { host, port } = splitPort(address.toLowerCase());
  if (host === 'localhost' || isLoopback(host)) return true;
  const exceptions = noProxy.toLowerCase().split(',');
  return exceptions.some((exception) => excepts(exception.trim(), { host, port }));
}

function excepts(exception: string, { host, port }: HostPort): boolean {
  if (exception === '*') return true;
  const range = rangeOf(exception);
  if (range !== undefined) return contains(range, host);
  const { host: name, port: only } = splitPort(exception);
  if (name === '' || (only !== '' && only !== port)) return false;
  if (isIP(name) !== 0) return contains(rangeOf(`${name}/${longestPrefix(name)}`), host);
  if (isIP(host) !== 0) return false; // `3` is no exception for 10.1.2.3
  // `.example.com` and `*.example.com` mean what is below it, `example.com` the name itself as well.
  const suffix = name.replace(/^\*?\./, '.');
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === name || host.endsWith(`.${name}`);
}

/** Undefined for what is no range of addresses. */
function rangeOf(text: string): BlockList | undefined {
  const [network = '', prefix = ''] = text.split('/');
  if (isIP(network) === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > longestPrefix(network))
    return undefined;
  const range = new BlockList();
  range.addSubnet(network, Number(prefix), familyOf(network));
  return range;
}

/** Addresses may be written in several ways. */
function contains(range: BlockList | undefined, host: string): boolean {
  return isIP(host) !== 0 && (range?.check(host, familyOf(host)) ?? false);
}

function longestPrefix(ip: string): number {
  return isIPv6(ip) ? 128 : 32;
}

function familyOf(ip: string): 'ipv4' | 'ipv6' {
  return isIPv6(ip) ? 'ipv6' : 'ipv4';
}

/** An address without a port keeps all its colons. */
function splitPort(text: string): HostPort {
  const [, bracketed, name, port = ''] = /^(?:\[(.*)\]|([^:]*))(?::(\d*))?$/.exec(text) ?? [];
  return { host: bracketed ?? name ?? text, port };
}
