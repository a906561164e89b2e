// The one TLS port on which all services listen. It asks for client certificates and takes callers without one, too.

import { Server, ServerCredentials } from '@grpc/grpc-js';

import { AgentError, messageOf } from '../../runtime/errors.ts';
import { hostPort } from '../../runtime/host-port.ts';

export interface ListenerSettings {
  /** IP address or name to listen on. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  /** Who signs the client certificates that count. */
  readonly clientRootPem: string;
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
  const { address, port } = settings;
  const server = new Server({
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  });
  settings.register(server);
  const target = hostPort({ host: address, port });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, new ListenerCredentials(settings), (error, boundPort) => {
      if (error) reject(new AgentError(`cannot listen on ${target}: ${messageOf(error)}`, { cause: error }));
      else resolve(boundPort);
    });
  });
  const close = async (): Promise<void> => server.forceShutdown();
  return { port: bound, close, [Symbol.asyncDispose]: close };
}

/** grpc-js's own either ask for no certificate or refuse who has none. */
class ListenerCredentials extends ServerCredentials {
  constructor({ certificateChainPem: cert, privateKeyPem: key, clientRootPem: ca }: ListenerSettings) {
    super({ requestCert: true, rejectUnauthorized: false }, { cert, key, ca });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
