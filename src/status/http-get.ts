// A GET on a connection of its own, which no pool keeps, with the body left to be streamed.

import type { IncomingMessage } from 'node:http';

import { AgentError, messageOf } from '../runtime/errors.ts';
import { sendHttp } from '../runtime/http.ts';

export class HttpGetError extends AgentError {
  /** Undefined when the transport failed. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, cause?: unknown) {
    super(message, { cause, retryable: true });
    this.status = status;
  }
}

export interface HttpGet {
  readonly url: string;
  /** Sent with every request, also after a redirect. */
  readonly headers: Readonly<Record<string, string>>;
  /** Redirects before this one are followed, to wherever they lead; as in Go. Default: the first one is a failure. */
  readonly redirectLimit?: number;
}

const REDIRECTS: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308]);

/** Whether Go's client follows the Location of such an answer. */
export function isRedirectStatus(status: number | undefined): boolean {
  return REDIRECTS.has(status);
}

/**
 * The answer, its body unread. Aborting the signal cuts the body, too.
 *
 * @throws HttpGetError with the transport's text, or `unexpected status <n>` for anything but 200
 */
export async function httpGet(
  { url, headers, redirectLimit }: HttpGet,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let target = new URL(url);
  for (let redirects = 1; ; redirects += 1) {
    const response = await answerOf(target, headers, signal);
    const { statusCode: status } = response;
    if (status === 200) return response;
    response.destroy();
    const { location = '' } = response.headers;
    if (redirectLimit === undefined || location === '' || !isRedirectStatus(status)) {
      throw new HttpGetError(`unexpected status ${status}`, status);
    }
    if (redirects === redirectLimit)
      throw new HttpGetError(`stopped after ${redirects} redirects`, undefined);
    target = redirected(target, location);
  }
}

async function answerOf(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  try {
    const secure = url.protocol === 'https:' ? { request: (await import('node:https')).request } : {};
    return await sendHttp(url, { headers: { ...headers }, agent: false, signal, ...secure });
  } catch (error) {
    throw new HttpGetError(messageOf(error), undefined, error);
  }
}

function redirected(from: URL, location: string): URL {
  const target = URL.parse(location, from.href);
  if (target !== null && ['http:', 'https:'].includes(target.protocol)) return target;
  throw new HttpGetError('redirected to what is no HTTP address', undefined);
}
