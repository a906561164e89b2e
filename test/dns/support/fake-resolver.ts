// A resolver on one port of a loopback address, over UDP and TCP, that answers as a test says and keeps the queries.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import type { SocketAddress } from '../../../src/dns/socket-address.ts';
import { frame, framedMessages } from '../../../src/dns/listen/tcp-frames.ts';
import { decode, encodeAnswer } from './wire.ts';

/** The messages sent back to one query, in order; none for a resolver that is silent. */
export type Answering = (query: Buffer, protocol: 'udp' | 'tcp') => readonly Buffer[];

export const SILENT: Answering = () => [];

/** Knows www.bing.com and denies all others. */
export const ORDINARY: Answering = (query) => [
  decode(query).questions[0]?.name.toLowerCase() === 'www.bing.com.'
    ? encodeAnswer(query, { addresses: ['1.1.1.1'] })
    : encodeAnswer(query, { rcode: 3 }),
];

export class FakeResolver implements AsyncDisposable {
  readonly address: SocketAddress;
  /** Oldest first. */
  readonly queries: {
    readonly protocol: 'udp' | 'tcp';
    readonly bytes: Buffer;
    /** Where it came from. */
    readonly port: number;
  }[] = [];
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #answering: Answering;

  private constructor(address: SocketAddress, udp: UdpSocket, tcp: Server, answering: Answering) {
    this.address = address;
    this.#udp = udp;
    this.#tcp = tcp;
    this.#answering = answering;
    udp.on('message', (bytes, peer) => {
      for (const reply of this.#replies(bytes, 'udp', peer.port)) udp.send(reply, peer.port, peer.address);
    });
    tcp.on('connection', (socket: Socket) => void this.#serve(socket));
  }

  static async start(answering: Answering = ORDINARY, host = '127.0.0.1'): Promise<FakeResolver> {
    for (;;) {
      const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4').bind(0, host);
      await once(udp, 'listening');
      const { port } = udp.address();
      const tcp = createServer();
      try {
        tcp.listen(port, host);
        await once(tcp, 'listening');
        return new FakeResolver({ host, port }, udp, tcp, answering);
      } catch {
        udp.close(); // the port is taken for TCP: another one
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    const ended = once(this.#tcp, 'close');
    this.#tcp.close();
    this.#udp.close();
    await ended;
  }

  async #serve(socket: Socket): Promise<void> {
    this.#connections.add(socket);
    socket.on('error', () => undefined); // the asker went away
    try {
      for await (const bytes of framedMessages(socket)) {
        for (const reply of this.#replies(bytes, 'tcp', socket.remotePort)) socket.write(frame(reply));
      }
    } catch {
      // the same
    }
  }

  #replies(bytes: Buffer, protocol: 'udp' | 'tcp', port = 0): readonly Buffer[] {
    this.queries.push({ protocol, bytes, port });
    return this.#answering(bytes, protocol);
  }
}
