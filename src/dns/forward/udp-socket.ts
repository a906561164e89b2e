// One connected UDP socket, and the exchanges that share it. A connected socket hears only its peer, and hears when
// nobody listens there: the system does the check of the source address.

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

import type { SocketAddress } from '../socket-address.ts';
import type { Carrier, Exchange } from './exchange.ts';

/** What is used of a socket of node:dgram. */
export interface Datagrams {
  readonly on: {
    (event: 'message', listener: (bytes: Buffer) => void): unknown;
    (event: 'error', listener: (error: Error) => void): unknown;
    (event: 'connect', listener: () => void): unknown;
  };
  /** Bound to a random port first. */
  readonly connect: (port: number, host: string) => void;
  readonly send: (bytes: Buffer, sent: (error: Error | null) => void) => void;
  readonly close: () => void;
}

/** @param host an IP */
export type OpenDatagrams = (host: string) => Datagrams;

/**
 * Answers wait here while the process is busy: unasked there is room for 25 of 4096 bytes, and a socket has up to 32
 * exchanges. Empty room costs nothing; the kernel gives no more than it is set to give, which is twice what it gives
 * unasked.
 */
const RECEIVE_BUFFER_BYTES = 256 * 1024;

export const openDatagrams: OpenDatagrams = (host) =>
  createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });

export interface UdpSocketEvents {
  readonly received: (bytes: Buffer, socket: UdpSocket) => void;
  /** The socket is closed, and its exchanges are lost. */
  readonly failed: (error: Error, socket: UdpSocket) => void;
}

export class UdpSocket implements Carrier {
  readonly #events: UdpSocketEvents;
  readonly #socket: Datagrams;
  readonly #exchanges = new Set<Exchange>();
  /** Sent once the socket is connected; undefined from then on. */
  #waiting: Buffer[] | undefined = [];
  #isRetired = false;
  #isClosed = false;
  /** Exchanges that it was ever used for. */
  uses = 0;

  constructor({ host, port }: SocketAddress, open: OpenDatagrams, events: UdpSocketEvents) {
    this.#events = events;
    this.#socket = open(host);
    this.#socket.on('error', this.#failed);
    this.#socket.on('message', (bytes) => events.received(bytes, this));
    this.#socket.on('connect', () => this.#connected());
    this.#socket.connect(port, host);
  }

  /** Those under way. */
  get exchanges(): ReadonlySet<Exchange> {
    return this.#exchanges;
  }

  send(exchange: Exchange): void {
    this.uses += 1;
    this.#exchanges.add(exchange);
    if (this.#waiting === undefined) this.#socket.send(exchange.bytes, this.#sent);
    else this.#waiting.push(exchange.bytes);
  }

  readonly leave = (exchange: Exchange): void => {
    this.#exchanges.delete(exchange);
    if (this.#isRetired && this.#exchanges.size === 0) this.close();
  };

  /** Is given no more exchanges; closes with the last it has. */
  retire(): void {
    this.#isRetired = true;
    if (this.#exchanges.size === 0) this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  #connected(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    if (this.#isClosed) return;
    for (const bytes of waiting) this.#socket.send(bytes, this.#sent);
  }

  readonly #sent = (error: Error | null): void => {
    if (error) this.#failed(error);
  };

  readonly #failed = (error: Error): void => {
    if (this.#isClosed) return;
    this.close();
    this.#events.failed(error, this);
  };
}
