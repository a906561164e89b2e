// One question to a cloud's metadata server, on a connection of its own and with a hard end. These servers stand at
// link-local addresses, where on other networks nobody answers at all, or anybody.

import type { IncomingHttpHeaders } from 'node:http';

import type { Clock } from '../../runtime/clock.ts';
import { AgentError } from '../../runtime/errors.ts';
import { readBody, sendHttp } from '../../runtime/http.ts';
import { withTimeLimit } from '../../runtime/time-limit.ts';

export interface MetadataQuestion {
  readonly url: string;
  /** Default GET. */
  readonly method?: 'GET' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  /** From connect to the last byte. */
  readonly timeoutMs: number;
}

export interface MetadataReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Far more than any of these documents has. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The reply, whatever its status.
 *
 * @throws AgentError when there is none in time, or one too large; the signal's reason when it aborts
 */
export async function askMetadataServer(
  question: MetadataQuestion,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<MetadataReply> {
  const { url, timeoutMs: ms } = question;
  const limit = { clock, ms, late: `no answer from ${url} within ${ms} ms` };
  return withTimeLimit(limit, signal, (until) => exchange(question, until));
}

/** The trimmed body of a reply with status 200. */
export async function metadataText(
  question: MetadataQuestion,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<string> {
  const { status, body } = await askMetadataServer(question, clock, signal);
  if (status !== 200) throw new AgentError(`${question.url} answered with status ${status}`);
  return body.trim();
}

async function exchange(question: MetadataQuestion, signal: AbortSignal): Promise<MetadataReply> {
  const { url, method = 'GET', headers = {} } = question;
  const response = await sendHttp(url, { method, headers: { ...headers }, agent: false, signal });
  const body = await readBody(response, MAX_BODY_BYTES);
  return { status: response.statusCode ?? 0, headers: response.headers, body: body.toString() };
}
