// The address of a pod's CA, behind which another CA, silence or nobody can be put while the agent runs.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A port of 127.0.0.1; connections that stay unanswered; connections that are refused. */
export type Behind = number | 'silence' | 'nobody';

export class CaGate implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #behind: Behind;
  #arrivals = 0;

  private constructor(server: Server, behind: Behind) {
    this.#server = server;
    this.#behind = behind;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#accept(client));
  }

  static async open(behind: Behind): Promise<CaGate> {
    const server = createServer();
    await listening(server, 0);
    return new CaGate(server, behind);
  }

  /** Connections so far. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Ends the connections there are. */
  async lead(behind: Behind): Promise<void> {
    this.#behind = behind;
    for (const socket of this.#sockets) socket.destroy();
    if (behind === 'nobody') await this.#close();
    else if (!this.#server.listening) await listening(this.#server, this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lead('nobody');
  }

  async #close(): Promise<void> {
    if (this.#server.listening) await new Promise((closed) => this.#server.close(closed));
  }

  #accept(client: Socket): void {
    this.#arrivals += 1;
    this.#keep(client);
    if (typeof this.#behind !== 'number') return;
    const server = connect(this.#behind, '127.0.0.1');
    this.#keep(server);
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    client.pipe(server).pipe(client);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy()); // the other side's end follows
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((opened, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      opened();
    });
  });
}
