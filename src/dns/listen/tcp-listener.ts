// The TCP side of the DNS server: on each connection one query after the other, for a while and not for ever.
// Limits: miekg/dns server.go, which the reference serves with; the number of connections is ours.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import { messageOf } from '../../runtime/errors.ts';
import { abortable } from '../../runtime/tasks.ts';
import { withTimeLimit } from '../../runtime/time-limit.ts';
import type { Listener, ListenerDeps } from './listener.ts';
import type { SocketAddress } from '../socket-address.ts';
import { frame, framedMessages } from './tcp-frames.ts';

const FIRST_QUERY_MS = 2000;
const IDLE_MS = 8000;
const MAX_QUERIES = 128;
const MAX_CONNECTIONS = 512;

/** @param address an IP. @throws when it cannot be bound */
export async function listenTcp(address: SocketAddress, deps: ListenerDeps): Promise<Listener> {
  const connections = new Set<Socket>();
  // a client may end its side with its last query and still read
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', (error) => deps.log.debug(`TCP connection: ${error.message}`));
    void serve(socket, deps);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const bound = once(server, 'listening');
  server.listen({ ...address, ipv6Only: address.host !== '::' });
  await bound;
  server.on('error', (error) => deps.log.debug(`TCP socket: ${error.message}`));
  const bindings = server.address();
  const port = bindings === null || typeof bindings === 'string' ? address.port : bindings.port;
  return { protocol: 'tcp', address: { host: address.host, port }, close: () => closed(server, connections) };
}

/** Never rejects: whatever ends a connection ends only that one. */
async function serve(socket: Socket, deps: ListenerDeps): Promise<void> {
  try {
    const queries = framedMessages(socket);
    for (let count = 0; count < MAX_QUERIES; count += 1) {
      const query = await nextQuery(queries, count, deps);
      if (query === undefined) break;
      const reply = await deps.reply(query, 'tcp');
      if (reply !== undefined) await written(socket, frame(reply), deps);
    }
  } catch (error) {
    deps.log.debug(`TCP connection: ${messageOf(error)}`);
  } finally {
    socket.destroySoon();
  }
}

/** Undefined when the client has no more. */
async function nextQuery(
  queries: AsyncGenerator<Buffer, void>,
  count: number,
  { clock, signal }: ListenerDeps,
): Promise<Buffer | undefined> {
  const limit = { clock, ms: count === 0 ? FIRST_QUERY_MS : IDLE_MS, late: 'no query in time' };
  const next = await withTimeLimit(limit, signal, (until) => abortable(queries.next(), until));
  return next.value ?? undefined;
}

/** Waits until the system has the bytes: a client that does not read gets no further replies. */
async function written(socket: Socket, bytes: Buffer, { clock, signal }: ListenerDeps): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  const limit = { clock, ms: IDLE_MS, late: 'the client does not read' };
  try {
    await withTimeLimit(limit, signal, (until) => abortable(promise, until));
  } catch (error) {
    socket.destroy(); // what is still in the buffer would never leave it
    throw error;
  }
}

async function closed(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  const ended = once(server, 'close');
  server.close();
  for (const socket of connections) socket.destroy();
  await ended;
}
