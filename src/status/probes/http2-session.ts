// HTTP/2 on a connection that is open already. Nothing of it is loaded before a probe needs it.

import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import type { Socket } from 'node:net';

import { destroyOnAbort } from '../../runtime/destroy-on-abort.ts';
import { ProbeError } from './probe.ts';

export type AnswerHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** Each request names its own authority. */
export function http2Session(socket: Socket): ClientHttp2Session {
  const options = {
    createConnection: () => socket,
    settings: { enablePush: false },
    strictSingleValueFields: false, // headers are passed on as often as they came
  };
  const session = connect('http://localhost', options);
  session.on('error', () => undefined); // each stream is told the same
  return session;
}

/**
 * Waits for the headers of the answer; an abort ends the stream, also later.
 *
 * @throws what ended the stream or the session, or the signal's reason
 */
export async function answered(stream: ClientHttp2Stream, signal: AbortSignal): Promise<AnswerHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<AnswerHeaders>();
  const ended = (): void => reject(new ProbeError('the stream was closed without an answer'));
  stream.once('response', (headers) => {
    stream.off('close', ended);
    resolve(headers);
  });
  stream.on('error', (error) => reject(signal.aborted ? signal.reason : error));
  stream.once('close', ended);
  destroyOnAbort(stream, signal);
  return promise;
}
