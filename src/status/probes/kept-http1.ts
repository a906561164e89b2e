// HTTP/1.1 connections that are used again: those in clear it makes itself, those over TLS it is given.

import type { ClientRequestArgs } from 'node:http';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';

import { Agent } from '../../runtime/http.ts';

/** Idle connections to one port that are kept; Go's client keeps as many. */
const MAX_IDLE = 2;

export type KeptOptions = TcpNetConnectOpts & {
  /** A connection that is open already, for the case that none is idle. */
  readonly open?: Socket;
};

export class KeptHttp1 extends Agent {
  constructor() {
    super({ keepAlive: true, maxFreeSockets: MAX_IDLE });
  }

  /** Whether the next request with these options gets a connection that was used before. */
  hasIdle(options: KeptOptions): boolean {
    const idle = this.freeSockets[this.getName(options)] ?? [];
    return idle.some((socket) => !socket.destroyed);
  }

  override createConnection(options: ClientRequestArgs & Partial<KeptOptions>): Socket {
    return options.open ?? connect(options as TcpNetConnectOpts);
  }
}
