// A DNS server that takes every question and answers none, at an address of this machine alone. Needs root.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Nobody else has it. */
export const SILENT_ADDRESS = '127.99.0.53';

export class SilentNameServer implements AsyncDisposable {
  /** How many came. */
  questions = 0;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', () => {
      this.questions += 1;
    });
  }

  static async start(): Promise<SilentNameServer> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(53, SILENT_ADDRESS);
    await once(socket, 'listening');
    return new SilentNameServer(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}
