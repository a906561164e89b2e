// The application behind the pods that are ended: answers that last until the test lets them finish, and a TCP server
// that returns what it gets. In the test's process, on free ports of 127.0.0.1.

import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';

/** Of an answer whose length is told in advance. */
export const HELD_BYTES = 4096;

const WRITE_EVERY_MS = 50;

export class HeldBackend implements AsyncDisposable {
  readonly #http: Server;
  readonly #echo: TcpServer;
  readonly #sockets = new Set<Socket>();
  readonly #held = new Map<string, () => void>();

  private constructor() {
    this.#http = createServer(this.#answer);
    this.#echo = createTcpServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    for (const server of [this.#http, this.#echo]) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on('error', () => socket.destroy()); // Envoy's end is what the tests are about
        socket.once('close', () => this.#sockets.delete(socket));
      });
    }
  }

  static async start(): Promise<HeldBackend> {
    const backend = new HeldBackend();
    await Promise.all([backend.#http, backend.#echo].map(listening));
    return backend;
  }

  /** `/` answers at once; `/held/<id>` and `/stream/<id>` from now until `finish`, one with a length, one in chunks. */
  get httpPort(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get echoPort(): number {
    return (this.#echo.address() as AddressInfo).port;
  }

  /** Lets an answer come to its end; nothing happens when there is no such answer. */
  finish(id: string): void {
    this.#held.get(id)?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [this.#http, this.#echo].map((server) => new Promise((done) => server.close(done)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  readonly #answer: RequestListener = ({ url = '' }, response) => {
    const [, kind, id] = url.split('/');
    if (id === undefined) response.end('hi\n');
    else this.#hold(response, id, kind === 'held' ? HELD_BYTES : undefined);
  };

  /** A byte now and then, the rest at the end. */
  #hold(response: ServerResponse, id: string, length: number | undefined): void {
    response.writeHead(200, length === undefined ? {} : { 'content-length': length });
    let written = 0;
    const write = (): void => {
      if (length !== undefined && written >= length - 1) return;
      response.write('.');
      written += 1;
    };
    write();
    const timer = setInterval(write, WRITE_EVERY_MS);
    this.#held.set(id, () => response.end('.'.repeat((length ?? written + 1) - written)));
    response.once('close', () => {
      clearInterval(timer);
      this.#held.delete(id);
    });
  }
}

function listening(server: Server | TcpServer): Promise<void> {
  return new Promise((opened) => {
    server.listen(0, '127.0.0.1', opened);
  });
}
