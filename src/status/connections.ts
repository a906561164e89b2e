// What the status port bears: how many connections, and how long a peer may take. A request has to arrive in time, an
// answer has to be taken in time; how long the answer takes to be made is nobody's business here.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Each connection costs memory and a descriptor, which Envoy's streams and the DNS server need as well. */
  readonly maxConnections: number;
  /** From the first byte, or the connection, to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** To the end of the request's body. */
  readonly requestTimeoutMs: number;
  /** How often these two are looked at. */
  readonly checkEveryMs: number;
  /** How long an answer may lie ready without the peer taking any of it. */
  readonly untakenMs: number;
  /** Longer than Prometheus (5 min) and the kubelet keep a connection, so that they close it, not we. */
  readonly keepAliveMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  maxConnections: 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  checkEveryMs: 5000,
  untakenMs: 60_000,
  keepAliveMs: 6 * 60_000,
};

/**
 * Holds the server to the limits. Of too many connections the one goes that has been open longest without having asked
 * for anything, then the one that has waited longest for its next request, and only then the newest.
 */
export function guardConnections(server: Server, limits: ConnectionLimits): void {
  const silent = new Set<Socket>();
  const idle = new Set<Socket>();
  const busy = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    const surplus = silent.size + idle.size + busy.size >= limits.maxConnections;
    if (surplus) firstOf(silent, idle, new Set([socket])).destroy();
    silent.add(socket);
    socket.once('close', () => [silent, idle, busy].forEach((set) => set.delete(socket)));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    silent.delete(socket);
    idle.delete(socket);
    busy.add(socket);
    response.once('close', () => {
      if (busy.delete(socket)) idle.add(socket);
    });
  });
  server.setTimeout(limits.untakenMs, (socket) => {
    if (!busy.has(socket) || socket.writableLength > 0) socket.destroy();
  });
}

function firstOf(...sets: readonly Set<Socket>[]): Socket {
  for (const set of sets) for (const socket of set) return socket;
  throw new RangeError('no connection at all');
}
