// What stands behind Envoy when it is restarted: an HTTP server whose answers can last, and a TCP server that
// returns what it gets. In the test's process, on free ports of 127.0.0.1.

import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

const LINE_EVERY_MS = 100;

export class RestartBackend implements AsyncDisposable {
  readonly #http: Server;
  readonly #echo: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#http = createServer(answer);
    this.#echo = createTcpServer((socket) => socket.pipe(socket));
    for (const server of [this.#http, this.#echo]) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on('error', () => socket.destroy()); // Envoy's end is what the tests are about
        socket.once('close', () => this.#sockets.delete(socket));
      });
    }
  }

  static async start(): Promise<RestartBackend> {
    const backend = new RestartBackend();
    await Promise.all([backend.#http, backend.#echo].map(listening));
    return backend;
  }

  /** `/` answers at once; `/stream` with a line every 100 ms, for as long as the client stays. */
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
}

const answer: RequestListener = ({ url }, response) => {
  if (url === '/stream') stream(response);
  else response.end('hi\n');
};

function stream(response: ServerResponse): void {
  const timer = setInterval(() => response.write('line\n'), LINE_EVERY_MS);
  response.once('close', () => clearInterval(timer));
}

function listening(server: Server): Promise<void> {
  return new Promise((opened) => {
    server.listen(0, '127.0.0.1', opened);
  });
}
