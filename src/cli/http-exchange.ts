// One HTTP request and its whole answer, for the short commands: redirects followed, a limit on the total time.
// `localhost` is tried on both address families.

import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';

import { systemClock } from '../runtime/clock.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import { readBody, sendHttp } from '../runtime/http.ts';
import { withTimeLimit } from '../runtime/time-limit.ts';

export interface HttpExchange {
  readonly method: string;
  readonly url: string;
  /** Undefined or empty: no body. */
  readonly body?: string;
  /** For everything together, redirects included. 0 and below: no limit, as of Go's client. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** @throws AgentError when there is no answer in time; the signal's reason when it aborts */
export async function exchangeHttp(exchange: HttpExchange, signal: AbortSignal): Promise<HttpAnswer> {
  const { method, url, timeoutMs: ms } = exchange;
  const limit = { clock: systemClock(), ms, late: `no answer within ${ms} ms` };
  try {
    if (ms <= 0) return await lastAnswer(exchange, signal);
    return await withTimeLimit(limit, signal, (until) => lastAnswer(exchange, until));
  } catch (error) {
    signal.throwIfAborted();
    throw new AgentError(`${method} ${url}: ${messageOf(error)}`, { cause: error });
  }
}

async function lastAnswer(first: HttpExchange, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    let step = first;
    for (let redirects = 0; ; redirects++) {
      const response = await send(step, signal);
      const next = redirected(step, response);
      const body = await readBody(response);
      if (next === undefined) return { status: response.statusCode ?? 0, body };
      if (redirects === MAX_REDIRECTS) throw new AgentError(`stopped after ${MAX_REDIRECTS} redirects`);
      step = next;
    }
  } catch (error) {
    signal.throwIfAborted(); // it says who gave up, Node's own error only that somebody did
    throw error;
  }
}

async function send({ method, url, body = '' }: HttpExchange, signal: AbortSignal): Promise<IncomingMessage> {
  const target = new URL(url);
  return sendHttp(target, {
    method,
    body,
    headers: body === '' ? {} : { 'content-length': Buffer.byteLength(body) },
    agent: false, // a connection of its own: nothing keeps the process alive afterwards
    signal,
    ...(target.hostname === 'localhost' ? { lookup: bothLoopbacks } : {}),
    ...(target.protocol === 'https:' ? { request: (await import('node:https')).request } : {}),
  });
}

/** Whatever the hosts file says: a pod may have one family only. Node tries one address after the other. */
const bothLoopbacks: LookupFunction = (_name, _options, found) => {
  found(null, [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]);
};

/** As Go's client: 307 and 308 repeat the request, the older ones turn into a GET without body. */
function redirected(step: HttpExchange, response: IncomingMessage): HttpExchange | undefined {
  const { statusCode = 0, headers } = response;
  if (!REDIRECTS.has(statusCode) || headers.location === undefined) return undefined;
  const { timeoutMs } = step;
  const url = new URL(headers.location, step.url).href;
  if (statusCode >= 307) return { ...step, url };
  return { method: step.method === 'HEAD' ? 'HEAD' : 'GET', url, timeoutMs };
}
