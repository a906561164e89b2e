// The metadata servers of three clouds on one loopback address, as far as a test wants them to answer.

import type { IncomingMessage } from 'node:http';

import { loopbackServer } from '../../support/http-server.ts';

export interface FakeReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Undefined: the request is never answered. */
export type FakeAnswers = (method: string, url: string, request: IncomingMessage) => FakeReply | undefined;

export interface FakeCloud extends AsyncDisposable {
  readonly url: string;
  /** `host:port` */
  readonly authority: string;
  /** `METHOD url` of each request, oldest first. */
  readonly requests: readonly string[];
}

/** @param open answers are held back until it resolves; default at once */
export async function fakeCloud(
  answers: FakeAnswers,
  open: Promise<void> = Promise.resolve(),
): Promise<FakeCloud> {
  const requests: string[] = [];
  const server = await loopbackServer(async (request, response) => {
    const { method = '', url = '' } = request;
    requests.push(`${method} ${url}`);
    await open;
    const reply = answers(method, url, request);
    if (reply === undefined) return;
    response.writeHead(reply.status ?? 200, { ...reply.headers });
    response.end(reply.body);
  });
  const { url, port } = server;
  return {
    url,
    authority: `127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Answers by `METHOD url`; everything else is not found. */
export function answersOf(replies: Readonly<Record<string, FakeReply | string>>): FakeAnswers {
  return (method, url) => {
    const reply = replies[`${method} ${url}`] ?? { status: 404 };
    return typeof reply === 'string' ? { body: reply } : reply;
  };
}
