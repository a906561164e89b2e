// What the application saw of a request: the body of most of its answers.

import type { IncomingHttpHeaders } from 'node:http';
import { hostname } from 'node:os';
import type { Socket } from 'node:net';

export interface Seen {
  /** Name of the pod that answers. */
  readonly pod: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  /** Where the connection came from. */
  readonly from: { readonly address: string; readonly port: number };
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A request of HTTP/1 or HTTP/2. */
export interface AnyRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Pick<Socket, 'localPort' | 'remoteAddress' | 'remotePort'>;
}

export function seen({ method = '', url = '', headers, socket }: AnyRequest): Seen {
  const { localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
  const from = { address: remoteAddress.replace(/^::ffff:/, ''), port: remotePort };
  return { pod: hostname(), port: localPort, method, path: url, from, headers };
}
