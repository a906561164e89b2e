// Channel credentials for a connection to an HTTP proxy, which is asked by CONNECT to lead it on before anything else is
// said. grpc-js could ask itself, but it writes the address of an IPv6 host without its brackets, leaves the connection to
// a proxy that refuses or stays silent open, keeps to itself why, and shows the user's password among its options.
// Upstream counterpart: grpc-go internal/transport/proxy.go.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import type { ChannelCredentials } from '@grpc/grpc-js';

import { AgentError, messageOf } from '../../runtime/errors.ts';
import { request } from '../../runtime/http.ts';
import { WrappedCredentials, type Connected } from '../../runtime/wrapped-credentials.ts';

export interface Tunnel {
  /** Where the proxy leads: `host:port`. */
  readonly address: string;
  /** `user:password`; undefined: none is shown. */
  readonly userInfo: string | undefined;
}

export class TunnelCredentials extends WrappedCredentials {
  readonly #tunnel: Tunnel;

  /** @param inner what secures the connection at its far end */
  constructor(inner: ChannelCredentials, tunnel: Tunnel) {
    super(inner);
    this.#tunnel = tunnel;
  }

  protected override async connect(socket: Socket, secure: () => Promise<Connected>): Promise<Connected> {
    await leadOn(socket, this.#tunnel);
    return secure();
  }
}

/** @throws AgentError when the proxy refuses, or the connection ends before it has answered */
async function leadOn(socket: Socket, { address, userInfo }: Tunnel): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const asking = request({
    createConnection: () => socket,
    method: 'CONNECT',
    path: address,
    headers: {
      host: address,
      ...(userInfo !== undefined && {
        'proxy-authorization': `Basic ${Buffer.from(userInfo).toString('base64')}`,
      }),
    },
  });
  asking.once('error', (error) => {
    const problem = `the HTTP proxy did not answer: ${messageOf(error)}`;
    reject(new AgentError(problem, { retryable: true, cause: error }));
  });
  asking.once('connect', ({ statusCode, statusMessage }: IncomingMessage, _socket, head: Buffer) => {
    if (head.length > 0) socket.unshift(head); // the far end may speak first
    if (statusCode === 200) resolve();
    else
      reject(new AgentError(`the HTTP proxy refuses: ${statusCode} ${statusMessage}`, { retryable: true }));
  });
  asking.end();
  await promise;
}
