// Channel credentials that verify the server against given anchors and a given name. grpc-js's own take the IP
// address of a target as server name, which TLS forbids; these send no name then and check the IP names instead. How
// long a handshake may take is the client's matter, see runtime/severable-credentials.ts.

import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type SecureContext } from 'node:tls';

import { CallCredentials, ChannelCredentials, type ChannelOptions, type experimental } from '@grpc/grpc-js';

type Connected = experimental.SecureConnectResult;

export interface ServerCheck {
  readonly context: SecureContext;
  /** DNS name or IP address that the server's certificate must carry. */
  readonly serverName: string;
}

/** TLS with verification always on; there is no way to switch it off. */
export class TlsCredentials extends ChannelCredentials {
  readonly #options: ConnectionOptions;

  constructor({ context, serverName }: ServerCheck) {
    super();
    this.#options = {
      secureContext: context,
      rejectUnauthorized: true, // said here because Node's default is NODE_TLS_REJECT_UNAUTHORIZED's to change
      ALPNProtocols: ['h2'],
      host: serverName, // what is compared with the certificate when no name is sent
      servername: isIP(serverName) === 0 ? serverName : '',
    };
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    _target: unknown,
    _options: ChannelOptions,
    callCredentials: CallCredentials = CallCredentials.createEmpty(),
  ): experimental.SecureConnector {
    return {
      connect: (socket) => this.#secure({ ...this.#options, socket }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials,
      destroy: () => undefined,
    };
  }

  #secure(options: ConnectionOptions): Promise<Connected> {
    return new Promise((resolve, reject) => {
      const socket = connect(options, () => resolve({ socket, secure: true }));
      socket.on('error', reject); // stays: later errors are the transport's, which also listens
      socket.once('close', () =>
        reject(new Error('the server closed the connection during the TLS handshake')),
      );
    });
  }
}
