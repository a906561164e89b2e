// One request over HTTP/2, on a session of its own or on one that is kept.

import type { ClientHttp2Session } from 'node:http2';

import { hostPort } from '../../runtime/host-port.ts';
import { answered } from './http2-session.ts';
import type { AppAnswer, AppRequest } from './probe.ts';

/** They belong to one HTTP/1.1 connection; RFC 9113 8.2.2 forbids them. */
const FORBIDDEN = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'http2-settings',
]);

/**
 * @param closes whether the session ends with the answer
 * @throws what ended the stream or the session, or the signal's reason, whose abort also cuts the answer's body
 */
export async function http2Exchange(
  session: ClientHttp2Session,
  { target, headers, host }: AppRequest,
  { closes }: { readonly closes: boolean },
  signal: AbortSignal,
): Promise<AppAnswer> {
  const authority = host || hostPort(target);
  const pseudo = [':method', 'GET', ':scheme', 'https', ':authority', authority, ':path', target.path];
  const stream = session.request([...pseudo, ...allowed(headers)], { endStream: true });
  if (closes) stream.once('close', () => session.destroy());
  const { ':status': status, location } = await answered(stream, signal);
  return {
    status: Number(status),
    location,
    body: stream,
  };
}

function allowed(headers: readonly string[]): readonly string[] {
  return headers.filter((_, at) => !FORBIDDEN.has(headers[at - (at % 2)]?.toLowerCase() ?? ''));
}
