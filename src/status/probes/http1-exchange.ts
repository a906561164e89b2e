// One request over HTTP/1.1, on a connection of its own or on one that is kept.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import { destroyOnAbort } from '../../runtime/destroy-on-abort.ts';
import { errnoOf, messageOf } from '../../runtime/errors.ts';
import { hostPort } from '../../runtime/host-port.ts';
import { request as send } from '../../runtime/http.ts';
import type { KeptHttp1, KeptOptions } from './kept-http1.ts';
import { ProbeError, StaleConnection, type AppAnswer, type AppRequest } from './probe.ts';

/** Go's client reads headers of up to 1 MiB; Node's own limit is 16 KiB. */
const MAX_HEADER_BYTES = 1_048_576;

export type Http1Connection =
  | { readonly createConnection: () => Socket }
  | ({ readonly agent: KeptHttp1 } & KeptOptions);

/**
 * @throws StaleConnection, what broke the connection, or the signal's reason, whose abort also cuts the answer's body
 */
export async function http1Exchange(
  { target, headers, host }: AppRequest,
  connection: Http1Connection,
  signal: AbortSignal,
): Promise<AppAnswer> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = send({
    ...connection,
    path: target.path,
    headers: ['Host', host || hostPort(target), ...headers],
    insecureHTTPParser: true, // an application that the kubelet understands must not fail by a stricter reader
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  destroyOnAbort(sent, signal);
  sent.once('response', resolve);
  sent.once('upgrade', (_response, socket) => {
    socket.destroy();
    reject(new ProbeError('the application went over to another protocol'));
  });
  sent.on('error', (error) => {
    const isStale = sent.reusedSocket && isCut(error);
    reject(isStale ? new StaleConnection(messageOf(error), { cause: error }) : error);
  });
  sent.end();
  const response = await promise;
  return { status: response.statusCode ?? 0, location: response.headers.location, body: response };
}

function isCut(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '');
}
