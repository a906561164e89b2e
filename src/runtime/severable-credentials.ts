// Credentials that can sever the connection made with them. grpc-js has no limit for setting up a connection, and does
// not close one that is still being set up when its client is closed: towards a peer that accepts and stays silent,
// each attempt would leave a socket. Whoever makes a client severs what is left of it at its own deadline.

import type { Socket } from 'node:net';

import {
  ChannelCredentials,
  type CallCredentials,
  type ChannelOptions,
  type experimental,
} from '@grpc/grpc-js';

type Target = Parameters<ChannelCredentials['_createSecureConnector']>[0];

export class SeverableCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;
  readonly #sockets = new Set<Socket>();
  #severed = false;

  constructor(inner: ChannelCredentials) {
    super();
    this.#inner = inner;
  }

  /** Cuts what is connected or connecting, and whatever may still get that far. */
  sever(): void {
    this.#severed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  override _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    target: Target,
    options: ChannelOptions,
    callCredentials?: CallCredentials,
  ): experimental.SecureConnector {
    const connector = this.#inner._createSecureConnector(target, options, callCredentials);
    return {
      connect: (socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        if (this.#severed) socket.destroy();
        return connector.connect(socket);
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }
}
