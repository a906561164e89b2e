// httpGet: the kubelet's request to the application, with the redirects the kubelet would have followed, and what of
// the answer the kubelet gets. How one request is carried out is in app-connections.ts.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go handleAppProbeHTTPGet.

import type { Readable } from 'node:stream';

import type { AppProbe } from '../../config/app-probers.ts';
import { ProbeError, type AppAnswer, type AppRequest, type ProbeCall, type ProbeResult } from './probe.ts';
import { redirectOf } from './redirect.ts';
import { applicationHost, forwardedHeaders } from './request-headers.ts';

/** Most of an application's answer that is passed on, bytes; the kubelet reads no more of its probes' answers. */
const MAX_BODY_BYTES = 10_240;

/** The redirect after so many requests fails. */
const MAX_REQUESTS = 10;

export type HttpProbe = Extract<AppProbe, { kind: 'http' }>;

export interface HttpProbing {
  readonly statusPort: number;
  readonly destination: string;
  readonly keepAlive: boolean;
  /** Rejects with what broke the connection, or with the signal's reason. */
  readonly get: (request: AppRequest, signal: AbortSignal) => Promise<AppAnswer>;
}

/** @throws ProbeError, what broke the connection, or the signal's reason */
export async function httpProbe(
  probe: HttpProbe,
  call: ProbeCall,
  { statusPort, destination, keepAlive, get }: HttpProbing,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const headers = forwardedHeaders(call.rawHeaders, keepAlive);
  const tls = probe.scheme === 'HTTPS';
  let target = { tls, host: destination, port: probe.port, path: requestPath(probe.path) };
  let host = applicationHost(call.host, statusPort, probe.port);
  for (let requests = 1; ; requests += 1) {
    const answer = await get({ target, headers, host }, signal);
    try {
      const redirect = redirectOf(target, answer);
      if (redirect === undefined) return await resultOf(answer, signal);
      if (requests === MAX_REQUESTS) throw new ProbeError(`stopped after ${MAX_REQUESTS} redirects`);
      target = redirect.target;
      if (!redirect.isRelative) host = '';
    } finally {
      answer.body.destroy(); // with its connection, unless it was read to the end and is kept
    }
  }
}

/**
 * A path as a request line can hold it, with the slash that may be missing. Like Go, it drops a fragment, escapes what
 * may not stand there, and leaves dots and double slashes alone.
 */
export function requestPath(path: string): string {
  const [whole = ''] = withSlash(path).split('#', 1);
  return whole.replaceAll(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (found) =>
    Array.from(Buffer.from(found), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** Prober paths may lack it. */
export function withSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

async function resultOf({ status, body }: AppAnswer, signal: AbortSignal): Promise<ProbeResult> {
  const isRedirect = status >= 300 && status <= 399; // one that is not followed is a success
  return isRedirect ? { status: 200 } : { status, body: await beginningOf(body, signal) };
}

/** By events: a loop over the chunks costs a twentieth of a probe. */
async function beginningOf(body: Readable, signal: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const chunks: Buffer[] = [];
  let left = MAX_BODY_BYTES;
  body.on('data', (chunk: Buffer) => {
    if (left > 0) chunks.push(chunk.subarray(0, left)); // more may come before the connection is cut
    left -= chunk.length;
    if (left <= 0) resolve();
  });
  body.once('end', resolve);
  body.once('error', (error) => reject(signal.aborted ? signal.reason : error));
  body.once('close', () => {
    if (!body.readableEnded) reject(new ProbeError('the answer broke off'));
  });
  await promise;
  return Buffer.concat(chunks);
}
