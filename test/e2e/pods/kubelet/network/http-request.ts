// One GET as a kubelet sends it for probes and hooks: a connection of its own, certificates unchecked.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

const MOST_REDIRECTS = 10;

/**
 * The status of the answer. Redirects within the host are followed; one to another host is the answer.
 *
 * @throws what broke the exchange; Error for endless redirects
 * @see Kubernetes' pkg/probe/http
 */
export async function getStatus(target: string, userAgent: string, signal: AbortSignal): Promise<number> {
  let url = new URL(target);
  for (let step = 0; step < MOST_REDIRECTS; step += 1) {
    const { status, location } = await sendGet(url, userAgent, signal);
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
  userAgent: string,
  signal: AbortSignal,
): Promise<{ status: number; location: string | undefined }> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = { 'user-agent': userAgent, accept: '*/*' };
  return new Promise((resolve, reject) => {
    const sent = send(url, { agent: false, rejectUnauthorized: false, signal, headers }, (response) => {
      resolve({ status: response.statusCode ?? 0, location: response.headers.location });
      response.destroy(); // nobody reads the body
    });
    sent.on('error', reject);
    sent.end();
  });
}
