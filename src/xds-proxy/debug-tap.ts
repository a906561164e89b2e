// The debug port: HTTP on loopback, through which people of this pod ask the control plane about itself over the stream
// that Envoy has opened. Older releases of the reference had it, and spoke gRPC there as well; this one does not.
// Upstream counterpart: istio 1.20 pkg/istio-agent/xds_proxy.go, makeTapHandler.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { MessagesLoader } from '../proto/messages.ts';
import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { AgentError, ConfigError, messageOf } from '../runtime/errors.ts';
import { createServer } from '../runtime/http.ts';
import { withTimeLimit } from '../runtime/time-limit.ts';
import { debugAnswerJson } from './debug-answer.ts';
import type { DebugAnswer, DebugQuestion } from './proxy.ts';

export interface DebugTapDeps {
  /** Of this machine alone; port 0 takes a free one. */
  readonly address: { readonly host: string; readonly port: number };
  /** @throws AgentError when there is no stream, or it ended; the signal's reason */
  readonly ask: (question: TapQuestion, signal: AbortSignal) => Promise<DebugAnswer>;
  readonly messages: MessagesLoader;
  readonly clock: Clock;
}

export type TapQuestion = Pick<DebugQuestion, 'typeUrl' | 'names'>;

/** What is answered instead of a page. */
class Refusal extends AgentError {
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

const ANSWER_TIMEOUT_MS = 5 * SECOND_MS;
const PATH = /^\/debug\/./;

export class DebugTap implements AsyncDisposable {
  readonly #deps: DebugTapDeps;
  readonly #http: Server;

  /** @throws ConfigError naming the address that cannot be listened at */
  static async start(deps: DebugTapDeps): Promise<DebugTap> {
    const tap = new DebugTap(deps);
    await tap.#listen();
    return tap;
  }

  private constructor(deps: DebugTapDeps) {
    this.#deps = deps;
    this.#http = createServer((request, response) => void this.#serve(request, response));
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Ends what is asked now. May be called twice. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#http.close(() => resolve()); // an error here says that it was closed before
    });
    this.#http.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#deps.address;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#http.once('error', reject);
    try {
      this.#http.listen(port, host, resolve);
      await promise;
    } catch (error) {
      const what = `cannot listen for debug requests on ${host}, port ${port}: ${messageOf(error)}`;
      throw new ConfigError(`${what} (PROXY_XDS_DEBUG_VIA_AGENT_PORT)`, { cause: error });
    }
    this.#http.off('error', reject);
    this.#http.on('error', () => undefined); // a connection that could not be taken: its caller sees that
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new AgentError('the caller has left')));
    try {
      const text = await this.#answer(questionOf(request), gone.signal);
      send(response, 200, 'application/json', text);
    } catch (error) {
      const status = error instanceof Refusal ? error.status : 503;
      send(response, status, 'text/plain; charset=utf-8', `${messageOf(error)}\n`);
    }
  }

  async #answer(question: TapQuestion, signal: AbortSignal): Promise<string> {
    const { ask, messages, clock } = this.#deps;
    const late = new Refusal(
      504,
      `no answer to ${question.typeUrl} within ${ANSWER_TIMEOUT_MS / SECOND_MS}s`,
    );
    const limit = { clock, ms: ANSWER_TIMEOUT_MS, late };
    const answer = await withTimeLimit(limit, signal, (within) => ask(question, within));
    const codecs = await messages();
    try {
      return debugAnswerJson(answer, codecs);
    } catch (error) {
      throw new Refusal(500, `the answer is malformed: ${messageOf(error)}`, error);
    }
  }
}

/** @throws Refusal */
function questionOf({ method, url = '' }: IncomingMessage): TapQuestion {
  const [rawPath = '', query = ''] = url.split('?', 2);
  const path = unescaped(rawPath);
  if (!PATH.test(path)) throw new Refusal(404, '404 page not found');
  if (method !== 'GET') throw new Refusal(405, 'Method Not Allowed');
  if (query.includes(';')) throw new Refusal(400, 'invalid semicolon separator in query');
  unescaped(query); // URLSearchParams takes any text
  const name = new URLSearchParams(query).get('resourceName') ?? '';
  return { typeUrl: `istio.io${path}`, names: name === '' ? [] : [name] };
}

/** @throws Refusal for a text with broken escapes */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new Refusal(400, `invalid URL escape in ${text}`, error);
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}
