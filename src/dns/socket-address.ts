// Address and port of a DNS socket, and the text they are written as.

import { isIPv6 } from 'node:net';

export interface SocketAddress {
  /** An IP without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}

export function addressText({ host, port }: SocketAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
