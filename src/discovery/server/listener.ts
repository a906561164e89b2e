// The one TLS port on which all services listen.

import { Server, ServerCredentials } from '@grpc/grpc-js';

import { AgentError, messageOf } from '../../runtime/errors.ts';

export interface ListenerSettings {
  /** IP address or name to listen on. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  /** Adds the services, before the port opens. */
  readonly register: (server: Server) => void;
}

export interface Listener extends AsyncDisposable {
  readonly port: number;
  /** Ends every call at once. May be called twice. */
  close(): Promise<void>;
}

const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

/** @throws AgentError `cannot listen on <address>:<port>: <cause>` */
export async function listen(settings: ListenerSettings): Promise<Listener> {
  const { address, port, certificateChainPem, privateKeyPem } = settings;
  const server = new Server({
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  });
  settings.register(server);
  const pair = { cert_chain: Buffer.from(certificateChainPem), private_key: Buffer.from(privateKeyPem) };
  const target = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createSsl(null, [pair]), (error, boundPort) => {
      if (error) reject(new AgentError(`cannot listen on ${target}: ${messageOf(error)}`, { cause: error }));
      else resolve(boundPort);
    });
  });
  const close = async (): Promise<void> => server.forceShutdown();
  return { port: bound, close, [Symbol.asyncDispose]: close };
}
