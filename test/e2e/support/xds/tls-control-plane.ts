// A discovery server of the test behind TLS (or without), which looks at what callers show and lets everyone in. It
// stands on the served streams of test/xds-proxy; here are the connections below them.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from 'node:tls';

import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

import type { Kind } from '../../../../src/xds-proxy/envelopes.ts';
import { Inbox } from '../../../support/inbox.ts';
import { ADS_METHODS, ServedStream } from '../../../xds-proxy/control-plane.ts';
import type { PemPair } from '../../../security/authority.ts';

/** One connection, as the server sees it. */
export interface ServedConnection {
  /** Of the certificate the caller has shown, valid or not; undefined: none. */
  readonly certificateSerial: string | undefined;
  readonly closed: Promise<void>;
}

export interface TlsControlPlaneSettings {
  /** Undefined: plaintext. */
  readonly pair: PemPair | undefined;
  /** Default: any. */
  readonly port?: number;
}

export class TlsControlPlane implements AsyncDisposable {
  readonly streams = new Inbox<ServedStream>();
  readonly #server = new Server({ 'grpc.max_receive_message_length': -1 });
  readonly #listener: NetServer;
  #port = 0;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Map<string, ServedConnection>();

  static async start({ pair, port = 0 }: TlsControlPlaneSettings): Promise<TlsControlPlane> {
    const control = new TlsControlPlane(pair);
    await once(control.#listener.listen(port, '127.0.0.1'), 'listening');
    control.#port = (control.#listener.address() as AddressInfo).port;
    return control;
  }

  private constructor(pair: PemPair | undefined) {
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const serve = (socket: Socket): void => {
      this.#note(socket);
      injector.injectConnection(socket);
    };
    this.#listener = pair === undefined ? createServer(serve) : createTlsServer(tlsOptions(pair), serve);
    this.#listener.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#listener.on('tlsClientError', () => undefined); // a caller that does not trust us: the subject of a test
    const take = (kind: Kind) => (call: ServerDuplexStream<Buffer, Buffer>) =>
      this.streams.add(new ServedStream(kind, call));
    this.#server.addService(ADS_METHODS, { sotw: take('sotw'), delta: take('delta') });
  }

  /** Also after its end. */
  get port(): number {
    return this.#port;
  }

  /** The connection of a stream. */
  connectionOf({ peer }: ServedStream): ServedConnection {
    const connection = this.#connections.get(peer);
    if (connection === undefined) throw new Error(`no connection from ${peer}`);
    return connection;
  }

  /** Cuts every connection, as the death of the process would, and frees the port. */
  async destroy(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#listener.listening) await once(this.#listener.close(), 'close');
    this.#server.forceShutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  #note(socket: Socket): void {
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    const closed = once(socket, 'close').then(() => undefined);
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#connections.set(peer, { certificateSerial: certificate?.serialNumber, closed });
  }
}

function tlsOptions({ chainPem, keyPem }: PemPair): TlsOptions {
  const asking = { requestCert: true, rejectUnauthorized: false };
  return { cert: chainPem, key: keyPem, ALPNProtocols: ['h2'], ...asking };
}
