// One UDP socket of the DNS server. What goes wrong with one datagram never ends it.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Listener, ListenerDeps } from './listener.ts';
import type { SocketAddress } from '../socket-address.ts';

/**
 * Queries wait here while the process is busy, and one that finds no room is asked again after seconds. A query takes
 * some kilobytes; the kernel gives no more than it is set to give, which is twice what it gives unasked.
 */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

/** @param address an IP. @throws when it cannot be bound */
export async function listenUdp(address: SocketAddress, deps: ListenerDeps): Promise<Listener> {
  const isV6 = isIPv6(address.host);
  const socket = createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    ipv6Only: isV6 && address.host !== '::',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    lookup: (host, _options, found) => found(null, host, isV6 ? 6 : 4), // peers are addresses: nothing to wait for
  });
  const bound = once(socket, 'listening');
  socket.bind(address.port, address.host);
  try {
    await bound;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', (error) => deps.log.debug(`UDP socket: ${error.message}`));
  const send = sender(socket, deps);
  socket.on('message', (bytes, peer) => answer(bytes, peer, send, deps));
  const { port } = socket.address();
  return { protocol: 'udp', address: { host: address.host, port }, close: () => closed(socket) };
}

type Send = (reply: Buffer | undefined, peer: RemoteInfo) => void;

/** To hear of an error costs a turn of the event loop's queue for every datagram: only who logs them pays for it. */
function sender(socket: Socket, { log, signal }: { readonly log: Log; readonly signal: AbortSignal }): Send {
  const onSent = (error: Error | null): void => {
    if (error) log.debug(`UDP reply: ${error.message}`);
  };
  return (reply, { port, address }) => {
    if (reply === undefined || signal.aborted) return;
    if (log.isOn('debug')) socket.send(reply, port, address, onSent);
    else socket.send(reply, port, address);
  };
}

/** Never throws: a query that cannot be answered is as good as lost, and its sender asks again. */
function answer(bytes: Buffer, peer: RemoteInfo, send: Send, { reply, log, signal }: ListenerDeps): void {
  const failed = (error: unknown): void => {
    if (!signal.aborted) log.debug(`UDP query from ${peer.address}: ${messageOf(error)}`);
  };
  try {
    const replied = reply(bytes, 'udp');
    if (replied instanceof Promise) replied.then((late) => send(late, peer)).catch(failed);
    else send(replied, peer);
  } catch (error) {
    failed(error);
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(resolve);
  });
}
