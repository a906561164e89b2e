// A TCP connection for one exchange.

import { connect, type Socket } from 'node:net';

import { AgentError } from '../../runtime/errors.ts';
import { frame, framedMessages } from '../listen/tcp-frames.ts';
import type { Carrier, Exchange } from './exchange.ts';

export interface TcpConnectionEvents {
  readonly connected: (exchange: Exchange) => void;
  readonly received: (bytes: Buffer, connection: TcpConnection) => void;
  readonly failed: (error: Error, exchange: Exchange) => void;
}

export class TcpConnection implements Carrier {
  readonly #socket: Socket;
  readonly #events: TcpConnectionEvents;

  constructor(exchange: Exchange, events: TcpConnectionEvents) {
    this.#events = events;
    this.#socket = connect(exchange.resolver);
    this.#socket.on('error', () => undefined); // what reads from it is told too
    this.#socket.on('connect', () => {
      events.connected(exchange);
      this.#socket.write(frame(exchange.bytes));
    });
    void this.#read(exchange);
  }

  readonly leave = (): void => {
    this.#socket.destroy();
  };

  /** Never rejects. */
  async #read(exchange: Exchange): Promise<void> {
    try {
      for await (const bytes of framedMessages(this.#socket)) this.#events.received(bytes, this);
      throw new AgentError('the connection ended before an answer came', { retryable: true });
    } catch (error) {
      this.#events.failed(error as Error, exchange); // also when it was left, and nobody listens any more
    }
  }
}
