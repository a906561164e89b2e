// Channel credentials that do something with a connection before others secure it.

import type { Socket } from 'node:net';

import {
  ChannelCredentials,
  type CallCredentials,
  type ChannelOptions,
  type experimental,
} from '@grpc/grpc-js';

type Target = Parameters<ChannelCredentials['_createSecureConnector']>[0];

export type Connected = experimental.SecureConnectResult;

export abstract class WrappedCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;

  /** @param inner what secures the connection at its far end */
  constructor(inner: ChannelCredentials) {
    super();
    this.#inner = inner;
  }

  /** @param secure has the inner credentials do their part */
  protected abstract connect(socket: Socket, secure: () => Promise<Connected>): Promise<Connected>;

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
      connect: (socket) => this.connect(socket, () => connector.connect(socket)),
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }
}
