// A Unix socket in front of another one whose connections can be cut, as the death of the client's process would.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class CuttableSocket implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param target path of the socket that serves */
  static async before(target: string): Promise<CuttableSocket> {
    const socket = new CuttableSocket(await mkdtemp(join(tmpdir(), 'cut-')), target);
    await once(socket.#server.listen(socket.path), 'listening');
    return socket;
  }

  private constructor(folder: string, target: string) {
    this.#folder = folder;
    this.path = join(folder, 'XDS');
    this.#server = createServer((client) => {
      const server = connect(target);
      this.#hold(client, server);
      this.#hold(server, client);
      client.pipe(server).pipe(client);
    });
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await once(this.#server.close(), 'close');
    await rm(this.#folder, { recursive: true, force: true });
  }

  #hold(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // the other end is told by the close that follows
    socket.once('close', () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }
}
