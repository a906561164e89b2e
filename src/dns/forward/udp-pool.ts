// The UDP sockets towards one resolver. A socket for each query would cost more than the query, so they are shared:
// as many as keep each at a few dozen queries, and each for a short time only.
//
// What this leaves a forger who sees nothing: the question, the port and the id of an exchange under way have to be hit
// at once. With k exchanges of one question under way, one forged datagram hits with a probability of
// k / (ports × ids), some k / (28,000 × 65,536): each of them is tied to one port and one id, so it does not matter
// whether two share a port. What sharing gives away is time: a port that somehow became known is good for as long as
// its socket is used. So that is at most some seconds or some hundreds of queries, a query takes one of several sockets
// at random, the system draws every port anew, and the id has its 16 random bits all the same.

import { randomInt } from 'node:crypto';

import type { SocketAddress } from '../socket-address.ts';
import type { Exchange } from './exchange.ts';
import { UdpSocket, type OpenDatagrams, type UdpSocketEvents } from './udp-socket.ts';
import { WaitingLine, type WaitingLineDeps } from '../../runtime/waiting-line.ts';

/** How long a socket is given queries, milliseconds. */
const MAX_AGE_MS = 5000;
const MAX_USES = 512;
/** Used in turn even where one would do. */
const MIN_SOCKETS = 4;
/** The answers to so many fit into the receive buffer of a socket. */
const MAX_EXCHANGES = 32;

export interface UdpPoolDeps extends UdpSocketEvents, WaitingLineDeps {
  readonly open: OpenDatagrams;
}

export class UdpPool {
  readonly #resolver: SocketAddress;
  readonly #deps: UdpPoolDeps;
  /** Those that are given queries. */
  readonly #sockets: UdpSocket[] = [];
  readonly #ages: WaitingLine<UdpSocket>;

  constructor(resolver: SocketAddress, deps: UdpPoolDeps) {
    this.#resolver = resolver;
    this.#deps = deps;
    this.#ages = new WaitingLine((socket) => this.#retire(socket), MAX_AGE_MS, deps);
  }

  /** Sends a query over one of the sockets, which is the carrier of the exchange from now on. */
  send(exchange: Exchange): UdpSocket {
    const socket = this.#chosen() ?? this.#opened();
    socket.send(exchange);
    if (socket.uses >= MAX_USES) this.#retire(socket);
    return socket;
  }

  /** Exchanges under way keep their sockets to their end. */
  close(): void {
    for (const socket of this.#sockets.splice(0)) this.#retire(socket);
  }

  /** Undefined where another socket is wanted. */
  #chosen(): UdpSocket | undefined {
    if (this.#sockets.length < MIN_SOCKETS) return undefined;
    const socket = this.#sockets[randomInt(this.#sockets.length)];
    return socket !== undefined && socket.exchanges.size < MAX_EXCHANGES ? socket : undefined;
  }

  #opened(): UdpSocket {
    const socket = new UdpSocket(this.#resolver, this.#deps.open, {
      received: this.#deps.received,
      failed: (error, failing) => {
        this.#retire(failing);
        this.#deps.failed(error, failing);
      },
    });
    this.#sockets.push(socket);
    this.#ages.add(socket);
    return socket;
  }

  #retire(socket: UdpSocket): void {
    const index = this.#sockets.indexOf(socket);
    if (index >= 0) this.#sockets.splice(index, 1);
    this.#ages.delete(socket);
    socket.retire();
  }
}
