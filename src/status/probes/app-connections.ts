// How one request reaches the application: by HTTP/1.1 in clear, or over TLS by whatever is agreed on there. TLS and
// HTTP/2 are loaded when a probe first needs them.

import { connect } from 'node:net';

import { connectOptions, type ConnectionSettings } from './connection.ts';
import { http1Exchange } from './http1-exchange.ts';
import type { HttpsConnections } from './https-connections.ts';
import { KeptHttp1 } from './kept-http1.ts';
import { StaleConnection, type AppAnswer, type AppRequest } from './probe.ts';

export class AppConnections implements AsyncDisposable {
  readonly #settings: ConnectionSettings;
  readonly #kept: KeptHttp1 | undefined;
  #https: Promise<HttpsConnections> | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    if (settings.keepAlive) this.#kept = new KeptHttp1();
  }

  /** @throws what broke the connection, or the signal's reason, whose abort also cuts the answer's body */
  async get(request: AppRequest, signal: AbortSignal): Promise<AppAnswer> {
    for (;;) {
      try {
        return await this.#getOnce(request, signal);
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error; // each try uses up a kept one, so there is an end
      }
    }
  }

  async close(): Promise<void> {
    this.#kept?.destroy();
    (await this.#https)?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #getOnce(request: AppRequest, signal: AbortSignal): Promise<AppAnswer> {
    if (request.target.tls) {
      this.#https ??= this.#openHttps();
      return (await this.#https).get(request, signal);
    }
    const options = connectOptions(this.#settings.source, request.target);
    const agent = this.#kept;
    const connection =
      agent === undefined ? { createConnection: () => connect(options) } : { agent, ...options };
    return http1Exchange(request, connection, signal);
  }

  async #openHttps(): Promise<HttpsConnections> {
    const { HttpsConnections } = await import('./https-connections.ts');
    return new HttpsConnections(this.#settings);
  }
}
