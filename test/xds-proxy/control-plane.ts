// A discovery server in the test's process: it records what it is asked and answers what the test says, in bytes.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { Server, ServerCredentials, type Metadata, type ServerDuplexStream } from '@grpc/grpc-js';

import { bytesMethod } from '../../src/runtime/grpc.ts';
import type { Kind } from '../../src/xds-proxy/envelopes.ts';
import { Inbox } from '../support/inbox.ts';

const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

export const ADS_METHODS = {
  sotw: bytesMethod(`${SERVICE}/StreamAggregatedResources`, true),
  delta: bytesMethod(`${SERVICE}/DeltaAggregatedResources`, true),
};

/** One stream as the control plane sees it. */
export class ServedStream {
  readonly kind: Kind;
  readonly metadata: Metadata;
  /** Address of the peer: differs per connection. */
  readonly peer: string;
  readonly requests = new Inbox<Buffer>();
  /** The peer has sent its last request in order. */
  readonly halfClosed: Promise<void>;
  /** The stream is gone. */
  readonly cancelled: Promise<void>;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;

  constructor(kind: Kind, call: ServerDuplexStream<Buffer, Buffer>) {
    this.kind = kind;
    this.metadata = call.metadata;
    this.peer = call.getPeer();
    this.#call = call;
    call.on('data', (bytes: Buffer) => this.requests.add(bytes));
    this.halfClosed = new Promise((resolve) => {
      call.once('end', () => resolve());
    });
    this.cancelled = new Promise((resolve) => {
      call.once('cancelled', () => resolve());
    });
  }

  /** Resolves when HTTP/2 has taken the bytes. */
  send(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#call.write(bytes, () => resolve());
    });
  }

  end(status?: { readonly code: number; readonly details: string }): void {
    if (status) this.#call.emit('error', status);
    else this.#call.end();
  }

  stopReading(): void {
    this.#call.pause();
  }

  readOn(): void {
    this.#call.resume();
  }
}

export interface ControlPlane extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly streams: Inbox<ServedStream>;
  /** Cuts every connection, as the death of the process would, and frees the port. */
  destroy(): Promise<void>;
}

/** @param port 0 for any */
export async function startControlPlane(
  port = 0,
  credentials = ServerCredentials.createInsecure(),
): Promise<ControlPlane> {
  const streams = new Inbox<ServedStream>();
  const server = new Server();
  server.addService(ADS_METHODS, {
    sotw: (call: ServerDuplexStream<Buffer, Buffer>) => streams.add(new ServedStream('sotw', call)),
    delta: (call: ServerDuplexStream<Buffer, Buffer>) => streams.add(new ServedStream('delta', call)),
  });
  const injector = server.createConnectionInjector(credentials);
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    injector.injectConnection(socket);
  });
  await once(listener.listen(port, '127.0.0.1'), 'listening');
  const destroy = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (listener.listening) await once(listener.close(), 'close');
    server.forceShutdown();
  };
  const bound = (listener.address() as AddressInfo).port;
  return { address: `127.0.0.1:${bound}`, streams, destroy, [Symbol.asyncDispose]: destroy };
}
