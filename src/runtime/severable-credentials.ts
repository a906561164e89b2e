// Credentials that can sever the connection made with them. grpc-js has no limit for setting up a connection, and does
// not close one that is still being set up when its client is closed: towards a peer that accepts and stays silent,
// each attempt would leave a socket. Whoever makes a client severs what is left of it at its own deadline.

import type { Socket } from 'node:net';

import { WrappedCredentials, type Connected } from './wrapped-credentials.ts';

export class SeverableCredentials extends WrappedCredentials {
  readonly #sockets = new Set<Socket>();
  #severed = false;

  /** Cuts what is connected or connecting, and whatever may still get that far. */
  sever(): void {
    this.#severed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  protected override connect(socket: Socket, secure: () => Promise<Connected>): Promise<Connected> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#severed) socket.destroy();
    return secure();
  }
}
