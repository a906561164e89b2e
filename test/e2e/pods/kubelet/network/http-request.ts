// One GET as a kubelet sends it for probes and hooks: a connection of its own, certificates unchecked.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpTarget {
  readonly url: string;
  /** Of the probe's own; they replace the defaults, an empty value takes one away. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

const MOST_REDIRECTS = 10;

/**
 * The status of the answer. Redirects within the host are followed; one to another host is the answer.
 *
 * @throws what broke the exchange; Error for endless redirects
 * @see Kubernetes' pkg/probe/http
 */
export async function getStatus(target: HttpTarget): Promise<number> {
  let url = new URL(target.url);
  for (let step = 0; step < MOST_REDIRECTS; step += 1) {
    const { status, location } = await sendGet(url, target);
    if (!isRedirect(status) || location === undefined) return status;
    const next = new URL(location, url);
    if (next.hostname !== url.hostname) return status;
    url = next;
  }
  throw new Error(`stopped after ${MOST_REDIRECTS} redirects`);
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function sendGet(
  url: URL,
  { headers, userAgent, signal }: HttpTarget,
): Promise<{ status: number; location: string | undefined }> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const options = { agent: false, rejectUnauthorized: false, signal, headers: headerMap(headers, userAgent) };
  return new Promise((resolve, reject) => {
    const sent = send(url, options, (response) => {
      resolve({ status: response.statusCode ?? 0, location: response.headers.location });
      response.destroy(); // nobody reads the body
    });
    sent.on('error', reject);
    sent.end();
  });
}

function headerMap(headers: HttpTarget['headers'], userAgent: string): Record<string, string> {
  const map = new Map([
    ['user-agent', userAgent],
    ['accept', '*/*'],
  ]);
  for (const { name, value } of headers) {
    if (value === '') map.delete(name.toLowerCase());
    else map.set(name.toLowerCase(), value);
  }
  return Object.fromEntries(map);
}
