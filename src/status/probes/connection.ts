// One connection to the application: how it is opened, and who ends it.

import { isIPv6, type Socket, type TcpNetConnectOpts } from 'node:net';

import type { Clock } from '../../runtime/clock.ts';
import { destroyOnAbort } from '../../runtime/destroy-on-abort.ts';
import { ProbeError } from './probe.ts';

export interface ConnectionSettings {
  /** Address to bind. */
  readonly source: string;
  /** Whether HTTP/2 is offered over TLS. */
  readonly http2: boolean;
  /** Whether connections are used again. */
  readonly keepAlive: boolean;
  readonly clock: Clock;
}

/**
 * How a socket connects to `host` from `source`. The family is the source's, else the source could not be bound. What
 * `localhost` is needs no look-up, which would wait behind those of names that do not answer.
 *
 * @throws ProbeError for an address in brackets, which the reference cannot reach either
 */
export function connectOptions(
  source: string,
  { host, port }: { readonly host: string; readonly port: number },
): TcpNetConnectOpts {
  if (host.startsWith('[')) throw new ProbeError(`${host} is no address: INSTANCE_IP takes no brackets`);
  const family = isIPv6(source) ? 6 : 4;
  const loopback = family === 6 ? '::1' : '127.0.0.1';
  return { host: host === 'localhost' ? loopback : host, port, localAddress: source, family };
}

/**
 * Waits until the socket is open; as long as it is, the signal's abort destroys it. All its errors are heard here.
 *
 * @param event `secureConnect` for TLS
 * @throws what kept it from being opened, or the signal's reason; it is destroyed then
 */
export async function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refused = (): void => reject(new ProbeError('the connection was closed at once'));
  socket.once(event, () => {
    socket.off('close', refused);
    resolve();
  });
  socket.on('error', (error) => reject(signal.aborted ? signal.reason : error));
  socket.once('close', refused);
  destroyOnAbort(socket, signal);
  await promise;
}
