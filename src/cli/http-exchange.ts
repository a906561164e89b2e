// One HTTP request and its whole answer, for the short commands: redirects followed, a limit on the total time.
// `localhost` is tried on both address families.

import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';

import { AgentError, messageOf } from '../runtime/errors.ts';
import { request as httpRequest } from '../runtime/http.ts';

export interface HttpExchange {
  readonly method: string;
  readonly url: string;
  /** Undefined or empty: no body. */
  readonly body?: string;
  /** For everything together, redirects included. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** @throws AgentError when there is no answer in time; the signal's reason when it aborts */
export async function exchangeHttp(exchange: HttpExchange, signal: AbortSignal): Promise<HttpAnswer> {
  const limit = AbortSignal.timeout(exchange.timeoutMs);
  const either = AbortSignal.any([signal, limit]);
  try {
    let step = exchange;
    for (let redirects = 0; ; redirects++) {
      const response = await send(step, either);
      const next = redirected(step, response);
      const body = await textOf(response);
      if (next === undefined) return { status: response.statusCode ?? 0, body };
      if (redirects === MAX_REDIRECTS) throw new AgentError(`stopped after ${MAX_REDIRECTS} redirects`);
      step = next;
    }
  } catch (error) {
    signal.throwIfAborted();
    const why = limit.aborted ? `no answer within ${exchange.timeoutMs} ms` : messageOf(error);
    throw new AgentError(`${exchange.method} ${exchange.url}: ${why}`, { cause: error });
  }
}

async function send({ method, url, body = '' }: HttpExchange, signal: AbortSignal): Promise<IncomingMessage> {
  const target = new URL(url);
  const request = target.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
  // a connection of its own: nothing keeps the process alive afterwards
  const options = { method, headers, agent: false, signal, autoSelectFamily: true } as const;
  const lookup = target.hostname === 'localhost' ? { lookup: bothLoopbacks } : {};
  const sent = request(target, { ...options, ...lookup });
  sent.on('response', resolve).on('error', reject).end(body);
  return promise;
}

/** Whatever the hosts file says: a pod may have one family only. Node tries one address after the other. */
const bothLoopbacks: LookupFunction = (_name, _options, found) => {
  found(null, [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]);
};

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** As Go's client: 307 and 308 repeat the request, the older ones turn into a GET without body. */
function redirected(step: HttpExchange, response: IncomingMessage): HttpExchange | undefined {
  const { statusCode = 0, headers } = response;
  if (!REDIRECTS.has(statusCode) || headers.location === undefined) return undefined;
  const { timeoutMs } = step;
  const url = new URL(headers.location, step.url).href;
  if (statusCode >= 307) return { ...step, url };
  return { method: step.method === 'HEAD' ? 'HEAD' : 'GET', url, timeoutMs };
}
