// One question to another pod, over the protocol that the URL names.
//
//   http://host:port/path     tcp://host:port
//   xds:///name:port/package.Service/Method       gRPC whose servers the control plane names

import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Answer {
  /** HTTP status; for gRPC its own, 0 when all is well; for TCP `echo`. */
  readonly status: string;
  readonly body: string;
}

export interface Question {
  readonly url: URL;
  readonly timeoutMs: number;
}

/** @throws Error of the system or `timeout` when there is no answer */
export type Ask = (question: Question) => Promise<Answer>;

/** What may be asked over one kept connection or more; `close` lets go of them. */
export interface Asking extends Disposable {
  readonly ask: Ask;
}

export function asking(url: URL): Asking {
  const agent = new Agent({ keepAlive: true });
  const asks: Readonly<Record<string, Ask>> = {
    'http:': (question) => askHttp(agent, question),
    'tcp:': askTcp,
    'xds:': async (question) => (await import('./ask-xds.ts')).askXds(question),
  };
  const ask = asks[url.protocol];
  if (ask === undefined) throw new Error(`no way to ask ${url.href}`);
  return { ask, [Symbol.dispose]: () => agent.destroy() };
}

/** Whether an answer is what a caller hopes for. */
export function isGood({ status }: Answer): boolean {
  return /^(2..|0|echo)$/.test(status);
}

async function askHttp(agent: Agent, { url, timeoutMs }: Question): Promise<Answer> {
  const asked = request(url, { agent, signal: AbortSignal.timeout(timeoutMs) }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: String(response.statusCode), body: await text(response) };
}

const GREETING = 'hello over there\n';

async function askTcp({ url, timeoutMs }: Question): Promise<Answer> {
  const socket = connect({
    host: url.hostname,
    port: Number(url.port),
    signal: AbortSignal.timeout(timeoutMs),
  });
  socket.end(GREETING);
  const body = await text(socket);
  return { status: body === GREETING ? 'echo' : 'other', body };
}
