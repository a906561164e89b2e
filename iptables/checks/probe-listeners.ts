// The ports at which a probe may arrive, held while one is under way. A connection counts only when it is the other end
// of an own call; strangers are let go.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import { messageOf } from '../../src/runtime/errors.ts';
import { hostPort } from '../../src/runtime/host-port.ts';
import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';

export interface Listeners extends AsyncDisposable {
  /** The port at which an own probe arrived. */
  readonly arrival: Promise<number>;
}

export interface ListenerOptions {
  readonly host: string;
  readonly ports: ReadonlySet<number>;
  readonly log: Log;
  /** True when what a caller said first makes it the other end of an own call from that port. */
  readonly isOwn: (said: string, remotePort: number | undefined) => boolean;
  /** More than this need not be heard. */
  readonly maxCharacters: number;
}

/** @throws CaptureError when none of the ports can be listened on; one is enough */
export async function openListeners(options: ListenerOptions): Promise<Listeners> {
  const { host, ports, log } = options;
  const { promise: arrival, resolve } = Promise.withResolvers<number>();
  await using open = new AsyncDisposableStack();
  const problems: string[] = [];
  for (const port of ports) {
    try {
      open.use(await listen(host, port, (socket) => recognise(socket, options, () => resolve(port))));
    } catch (error) {
      problems.push(hostPort({ host, port }));
      log.error(`cannot listen on ${hostPort({ host, port })}: ${messageOf(error)}`);
    }
  }
  if (problems.length === ports.size) {
    throw new CaptureError(`no listener available: ${problems.join(',')}`);
  }
  const moved = open.move();
  return { arrival, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** Another program may hold the port too, as Envoy does: then the kernel gives each some of the connections. */
async function listen(
  host: string,
  port: number,
  accept: (socket: Socket) => void,
): Promise<AsyncDisposable> {
  const server = createServer(accept);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen({ host, port, reusePort: true });
  await once(server, 'listening');
  return { [Symbol.asyncDispose]: () => close(server, sockets) };
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  sockets.forEach((socket) => socket.destroy());
  await closed;
}

/** Reads what a caller says first. A stranger's connection is dropped as soon as it says anything else. */
function recognise(socket: Socket, { isOwn, maxCharacters }: ListenerOptions, found: () => void): void {
  let heard = '';
  socket.on('error', () => undefined); // a caller that went away is no probe
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
    if (isOwn(heard, socket.remotePort)) found();
    if (heard.length >= maxCharacters) socket.destroy();
  });
}
