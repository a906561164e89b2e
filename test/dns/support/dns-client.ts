// Asks a DNS server over UDP or TCP, and waits no longer than a real client would.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';

import type { SocketAddress } from '../../../src/dns/socket-address.ts';
import { frame, framedMessages } from '../../../src/dns/listen/tcp-frames.ts';

const PATIENCE_MS = 5000;

/** The reply's bytes. Rejects when none comes. */
export async function ask(protocol: 'udp' | 'tcp', server: SocketAddress, query: Buffer): Promise<Buffer> {
  const replies = await (protocol === 'udp' ? askUdp(server, query) : askTcp(server, [query]));
  const [first] = replies;
  if (first === undefined) throw new Error(`no reply over ${protocol}`);
  return first;
}

/** All replies on one connection, until the server ends it or has answered all. */
export async function askTcp(
  server: SocketAddress,
  queries: readonly Buffer[],
  patienceMs = PATIENCE_MS,
): Promise<Buffer[]> {
  const socket = connect({ ...server, timeout: patienceMs });
  socket.on('timeout', () => socket.destroy());
  socket.on('error', () => undefined); // a cut connection is seen by the number of replies
  await once(socket, 'connect');
  socket.write(Buffer.concat(queries.map(frame)));
  const replies: Buffer[] = [];
  try {
    for await (const reply of framedMessages(socket)) {
      replies.push(reply);
      if (replies.length === queries.length) break;
    }
  } catch {
    // the same
  }
  socket.destroy();
  return replies;
}

async function askUdp({ host, port }: SocketAddress, query: Buffer): Promise<Buffer[]> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.send(query, port, host);
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [Buffer];
    return [reply];
  } finally {
    socket.close();
  }
}
