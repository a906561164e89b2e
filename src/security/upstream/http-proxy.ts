// Whether a connection goes through an HTTP proxy (CONNECT), by the variables that every Go program heeds. grpc-js has
// rules of its own about them, reads only names in lower case, and is told to leave them alone.
// Upstream counterpart: Go's golang.org/x/net/http/httpproxy, for https.

import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

import type { ChannelOptions } from '@grpc/grpc-js';

import { ConfigError } from '../../runtime/errors.ts';

export interface HttpProxyVariables {
  /** `HTTPS_PROXY`: a URL, or `host:port`; empty: no proxy. */
  readonly httpsProxy: string;
  /** `NO_PROXY`: names, addresses and ranges that are reached without it, separated by commas; `*` is everything. */
  readonly noProxy: string;
}

export interface Route {
  /** What the connection is made to: a gRPC target. */
  readonly target: string;
  readonly options: ChannelOptions;
}

/**
 * The way to `host:port`. A host of this machine is always reached directly.
 *
 * @throws ConfigError when the proxy is no URL
 */
export function routeTo(address: string, { httpsProxy, noProxy }: HttpProxyVariables): Route {
  const proxy = httpsProxy === '' || isExcepted(address, noProxy) ? undefined : proxyUrl(httpsProxy);
  const options = { 'grpc.enable_http_proxy': 0 };
  if (proxy === undefined) return { target: address, options };
  const { hostname, port, protocol } = proxy;
  const defaultPort = protocol === 'https:' ? '443' : '80';
  return {
    target: `dns:${hostname}:${port === '' ? defaultPort : port}`,
    options: {
      ...options,
      'grpc.default_authority': address,
      'grpc.http_connect_target': `dns:${address}`,
      ...credentialsOf(proxy),
    },
  };
}

function proxyUrl(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || url.hostname === '') {
    throw new ConfigError('HTTPS_PROXY is no URL of a proxy: write it as http://host:port');
  }
  return url;
}

function credentialsOf({ username, password }: URL): ChannelOptions {
  if (username === '') return {};
  return { 'grpc.http_connect_creds': decodeURIComponent(`${username}:${password}`) };
}

interface HostPort {
  readonly host: string;
  /** Empty: any. */
  readonly port: string;
}

function isExcepted(address: string, noProxy: string): boolean {
  const { host, port } = splitPort(address.toLowerCase());
  if (host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))) return true;
  const exceptions = noProxy.toLowerCase().split(',');
  return exceptions.some((exception) => excepts(exception.trim(), { host, port }));
}

function excepts(exception: string, { host, port }: HostPort): boolean {
  if (exception === '*') return true;
  const range = rangeOf(exception);
  if (range !== undefined) return contains(range, host);
  const { host: name, port: only } = splitPort(exception);
  if (name === '' || (only !== '' && only !== port)) return false;
  if (isIP(name) !== 0) return name === host;
  // `.example.com` and `*.example.com` mean what is below it, `example.com` the name itself as well.
  const suffix = name.replace(/^\*?\./, '.');
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === name || host.endsWith(`.${name}`);
}

/** Undefined for what is no range of addresses. */
function rangeOf(text: string): BlockList | undefined {
  const [network = '', prefix = ''] = text.split('/');
  const longest = isIPv6(network) ? 128 : 32;
  if (isIP(network) === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > longest) return undefined;
  const range = new BlockList();
  range.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4');
  return range;
}

function contains(range: BlockList, host: string): boolean {
  return isIP(host) !== 0 && range.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** An address without a port keeps all its colons. */
function splitPort(text: string): HostPort {
  const [, bracketed, name, port = ''] = /^(?:\[(.*)\]|([^:]*))(?::(\d*))?$/.exec(text) ?? [];
  return { host: bracketed ?? name ?? text, port };
}
