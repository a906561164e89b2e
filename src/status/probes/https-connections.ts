// HTTPS to the application: what the TLS handshake agrees on decides between HTTP/2 and HTTP/1.1. Loaded with the first
// probe that needs it; HTTP/2 with the first application that chooses it.

import type { ClientHttp2Session } from 'node:http2';
import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

import { messageOf } from '../../runtime/errors.ts';
import { hostPort } from '../../runtime/host-port.ts';
import { connectOptions, opened, type ConnectionSettings } from './connection.ts';
import { http1Exchange } from './http1-exchange.ts';
import { KeptHttp1, type KeptOptions } from './kept-http1.ts';
import { KeptSessions } from './kept-sessions.ts';
import { StaleConnection, type AppAnswer, type AppRequest } from './probe.ts';

export class HttpsConnections {
  readonly #settings: ConnectionSettings;
  readonly #context: SecureContext = createSecureContext({ ca: [] }); // no roots, as nothing is verified
  readonly #kept: { readonly http1: KeptHttp1; readonly http2: KeptSessions } | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    if (settings.keepAlive) this.#kept = { http1: new KeptHttp1(), http2: new KeptSessions(settings.clock) };
  }

  /** @throws what broke the connection, or the signal's reason, whose abort also cuts the answer's body */
  async get(request: AppRequest, signal: AbortSignal): Promise<AppAnswer> {
    const options = connectOptions(this.#settings.source, request.target);
    const session = this.#kept?.http2.get(hostPort(request.target));
    if (session !== undefined) return this.#overKeptSession(session, request, signal);
    if (this.#kept?.http1.hasIdle(options)) return this.#overHttp1(request, options, signal);
    const socket = await this.#connect(options, request.target.host, signal);
    if (socket.alpnProtocol === 'h2') return this.#overHttp2(request, socket, signal);
    return this.#overHttp1(request, { ...options, open: socket }, signal);
  }

  close(): void {
    this.#kept?.http1.destroy();
    this.#kept?.http2.close();
  }

  /** The only connection of the agent whose peer is not verified. */
  async #connect(options: TcpNetConnectOpts, host: string, signal: AbortSignal): Promise<TLSSocket> {
    const socket = connect({
      ...options,
      secureContext: this.#context,
      servername: isIP(host) === 0 ? host : '',
      // Kubernetes: "the kubelet skips the certificate verification" of HTTPS probes; applications rely on it, and
      // nothing but a status and the caller's own headers passes here. istio 1.31 does the same.
      rejectUnauthorized: false,
      ...(this.#settings.http2 && { ALPNProtocols: ['h2', 'http/1.1'] }),
    });
    await opened(socket, 'secureConnect', signal);
    return socket;
  }

  #overHttp1(request: AppRequest, options: KeptOptions, signal: AbortSignal): Promise<AppAnswer> {
    const agent = this.#kept?.http1;
    if (agent?.hasIdle(options)) options.open?.destroy(); // an idle one, new since the handshake began, is taken
    if (agent !== undefined) return http1Exchange(request, { agent, ...options }, signal);
    return http1Exchange(request, { createConnection: () => options.open as Socket }, signal);
  }

  async #overKeptSession(
    session: ClientHttp2Session,
    request: AppRequest,
    signal: AbortSignal,
  ): Promise<AppAnswer> {
    const { http2Exchange } = await import('./http2-exchange.ts');
    try {
      return await http2Exchange(session, request, { closes: false }, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      session.destroy(); // the application was about to close it
      throw new StaleConnection(messageOf(error), { cause: error });
    }
  }

  async #overHttp2(request: AppRequest, socket: TLSSocket, signal: AbortSignal): Promise<AppAnswer> {
    const { http2Session } = await import('./http2-session.ts');
    const { http2Exchange } = await import('./http2-exchange.ts');
    const port = hostPort(request.target);
    const session = http2Session(socket);
    const closes = this.#kept?.http2.keep(port, session) !== true;
    return http2Exchange(session, request, { closes }, signal);
  }
}
