// A resolver on port 53 of a loopback address that knows every name, and answers at once, late or not at all.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { frame, framedMessages } from '../../src/dns/listen/tcp-frames.ts';
import { encodeAnswer } from '../dns/support/wire.ts';

export type Mood = 'well' | 'slow' | 'dead';

const SLOW_MS = 300;
const DNS_PORT = 53;

export class TroubledResolver implements AsyncDisposable {
  mood: Mood = 'well';
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #closing = new AbortController();

  private constructor(udp: UdpSocket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (query, { port, address }) => {
      void this.#answer(query, (reply) => udp.send(reply, port, address));
    });
    tcp.on('connection', (socket: Socket) => void this.#serve(socket));
  }

  /** Rejects when the port is taken there. */
  static async start(host: string): Promise<TroubledResolver> {
    const udp = createSocket('udp4').bind(DNS_PORT, host);
    await once(udp, 'listening');
    const tcp = createServer().listen(DNS_PORT, host);
    await once(tcp, 'listening');
    return new TroubledResolver(udp, tcp);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const socket of this.#connections) socket.destroy();
    const closed = once(this.#tcp, 'close');
    this.#tcp.close();
    this.#udp.close();
    await closed;
  }

  async #serve(socket: Socket): Promise<void> {
    this.#connections.add(socket);
    socket.on('error', () => undefined); // the asker has gone
    socket.on('close', () => this.#connections.delete(socket));
    try {
      for await (const query of framedMessages(socket))
        void this.#answer(query, (reply) => socket.write(frame(reply)));
    } catch {
      // the same
    }
  }

  async #answer(query: Buffer, send: (reply: Buffer) => void): Promise<void> {
    const { signal } = this.#closing;
    if (this.mood === 'dead') return;
    if (this.mood === 'slow') await sleep(SLOW_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) send(encodeAnswer(query, { addresses: ['192.0.2.80'] }));
  }
}
