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

/**
 * The answer, its body unread. Aborting the signal cuts the body, too.
 *
 * @throws HttpGetError with the transport's text, or `unexpected status <n>` for anything but 200
 */
export async function httpGet(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const sent = sendHttp(url, { headers: { ...headers }, agent: false, signal });
  const response = await sent.catch((error: unknown) => {
    throw new HttpGetError(messageOf(error), undefined, error);
  });
  if (response.statusCode === 200) return response;
  response.destroy();
  throw new HttpGetError(`unexpected status ${response.statusCode}`, response.statusCode);
}
