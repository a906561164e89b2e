// One UDP socket of the DNS server. What goes wrong with one datagram never ends it.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

import { messageOf } from '../../runtime/errors.ts';
import type { Listener, ListenerDeps } from './listener.ts';
import type { SocketAddress } from '../socket-address.ts';

/** @param address an IP. @throws when it cannot be bound */
export async function listenUdp(address: SocketAddress, deps: ListenerDeps): Promise<Listener> {
  const isV6 = isIPv6(address.host);
  const socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', ipv6Only: isV6 && address.host !== '::' });
  const bound = once(socket, 'listening');
  socket.bind(address.port, address.host);
  try {
    await bound;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', (error) => deps.log.debug(`UDP socket: ${error.message}`));
  socket.on('message', (bytes, peer) => {
    void answer(socket, bytes, peer, deps);
  });
  const { port } = socket.address();
  return { protocol: 'udp', address: { host: address.host, port }, close: () => closed(socket) };
}

/** Never rejects: a query that cannot be answered is as good as lost, and its sender asks again. */
async function answer(socket: Socket, bytes: Buffer, peer: RemoteInfo, deps: ListenerDeps): Promise<void> {
  try {
    const reply = await deps.reply(bytes, 'udp', deps.signal);
    if (reply === undefined || deps.signal.aborted) return;
    socket.send(reply, peer.port, peer.address, (error) => {
      if (error) deps.log.debug(`UDP reply to ${peer.address}: ${error.message}`);
    });
  } catch (error) {
    if (!deps.signal.aborted) deps.log.debug(`UDP query from ${peer.address}: ${messageOf(error)}`);
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(resolve);
  });
}
