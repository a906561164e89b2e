// What the agent uses of node:http. Importing that module by name reads each of its exports, and one of them
// (WebSocket) loads all of fetch: 40 ms and 13 MB at start, for nothing. So nothing else imports it but for types.

import type { IncomingMessage, RequestOptions } from 'node:http';

import { AgentError } from './errors.ts';

const http = process.getBuiltinModule('node:http');

export const { Agent, createServer, request, ServerResponse } = http;

export interface Sending extends RequestOptions {
  /** Aborting it cuts the answer's body, too. */
  readonly signal: AbortSignal;
  /** Default: none. */
  readonly body?: string;
  /** That of node:https for `https:` addresses. */
  readonly request?: typeof http.request;
}

/**
 * The answer to one request, its body unread. Without `agent: false` the connection is kept for the next one.
 *
 * @throws the signal's reason when it aborts, else what broke the connection
 */
export async function sendHttp(url: string | URL, sending: Sending): Promise<IncomingMessage> {
  const { body, request = http.request, ...options } = sending;
  const { signal } = options;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(url, options, resolve);
  // stays for the whole exchange: a connection may also break under the body
  sent.on('error', (error) => reject(signal.aborted ? signal.reason : error));
  sent.end(body);
  return promise;
}

/** @throws AgentError for a body of more than `maxBytes`; what broke the connection */
export async function readBody(response: IncomingMessage, maxBytes = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new AgentError(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
