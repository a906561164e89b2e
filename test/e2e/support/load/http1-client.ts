// HTTP/1.1 clients: one that keeps its connection for as long as the server does, one that takes a new one for
// every request.

import { Agent, request } from 'node:http';

import { errnoOf } from '../../../../src/runtime/errors.ts';
import { NotServed, type Client } from './client.ts';

export class Http1Client implements Client {
  readonly #url: string;
  readonly #agent: Agent;
  #connections = 0;

  /** @param keepAlive false: one connection per request */
  constructor(url: string, keepAlive: boolean) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive, maxSockets: 1 });
  }

  get connections(): number {
    return this.#connections;
  }

  async request(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sent = request(this.#url, { agent: this.#agent });
    let answering = false;
    sent.once('response', (response) => {
      answering = true;
      const { statusCode } = response;
      response.once('error', reject);
      response.once('end', () =>
        statusCode === 200 ? resolve() : reject(new Error(`status ${statusCode}`)),
      );
      response.resume();
    });
    sent.on('error', (error) => {
      const closedBefore = sent.reusedSocket && !answering && isClosed(error);
      reject(closedBefore ? new NotServed(error.message, { cause: error }) : error);
    });
    sent.once('close', () => {
      if (!sent.reusedSocket) this.#connections += 1;
    });
    sent.end();
    await promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}

function isClosed(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '');
}
