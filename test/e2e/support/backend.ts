// What stands behind Envoy: an HTTP server, and a TCP server that returns what it gets. In the test's process, on free
// ports of 127.0.0.1.

import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Backend implements AsyncDisposable {
  readonly #http: Server;
  readonly #echo: Server;
  readonly #sockets = new Set<Socket>();

  protected constructor(answer: RequestListener) {
    this.#http = createServer(answer);
    this.#echo = createTcpServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    for (const server of [this.#http, this.#echo]) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on('error', () => socket.destroy()); // Envoy's end is what the tests are about
        socket.once('close', () => this.#sockets.delete(socket));
      });
    }
  }

  get httpPort(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get echoPort(): number {
    return (this.#echo.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [this.#http, this.#echo].map((server) => new Promise((done) => server.close(done)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  protected async listen(): Promise<this> {
    await Promise.all([this.#http, this.#echo].map(listening));
    return this;
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((opened) => {
    server.listen(0, '127.0.0.1', opened);
  });
}
