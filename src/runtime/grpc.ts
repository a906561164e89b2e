// What the agent's gRPC parts share: methods that carry bytes, and a server on a Unix socket. Loaded only by
// those parts.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { format } from 'node:util';

import {
  logVerbosity,
  Server,
  ServerCredentials,
  setLogger,
  setLogVerbosity,
  type MethodDefinition,
  type ServerOptions,
} from '@grpc/grpc-js';

import { AgentError, messageOf } from './errors.ts';
import type { Log } from './log.ts';
import {
  accessDiagnosis,
  bindingPath,
  checkSocketPath,
  makeSocketDirectory,
  placeSocket,
  removeLeftover,
  type SocketFile,
  type SocketFileSettings,
  type SocketPlace,
} from './socket-file.ts';

/** What the library itself has to say goes to `log`, whose scope decides how much of it is shown. */
export function routeGrpcLog(log: Log): void {
  setLogger({
    error: (...parts: unknown[]) => log.error(format(...parts)),
    info: (...parts: unknown[]) => log.info(format(...parts)),
    debug: (...parts: unknown[]) => log.debug(format(...parts)),
  });
  setLogVerbosity(logVerbosity.DEBUG);
}

export type BytesMethod = MethodDefinition<Buffer, Buffer>;

/**
 * A method without message types: Buffer in, Buffer out, nothing decoded.
 *
 * @param path full method, `/package.Service/Method`
 * @param stream both directions stream; false is a unary call
 */
export function bytesMethod(path: string, stream: boolean): BytesMethod {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path,
    originalName: path.slice(path.lastIndexOf('/') + 1),
    requestStream: stream,
    responseStream: stream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

export interface GrpcSocketSettings extends SocketFileSettings {
  readonly options: ServerOptions;
  /** Adds the services, when the first client connects. */
  readonly register: (server: Server) => void;
}

export interface GrpcSocketServer extends AsyncDisposable {
  /** What stands at the path now. */
  readonly place: () => Promise<SocketPlace>;
  /** Takes no more connections; resolves when the clients have ended those it has. */
  readonly retire: () => Promise<void>;
  /** Ends every stream at once and removes the socket file, not what took its place. May be called twice. */
  close(): Promise<void>;
}

/**
 * Serves plaintext gRPC on a Unix socket. What stands at the path before is removed. The socket is Node's own: what
 * speaks gRPC is made for the first connection, because loading it takes 15 ms that the start of Envoy need not wait for.
 *
 * @throws AgentError `failed to listen on unix socket "<path>": <cause>`, with who may use the directory when that is
 *   the cause; `failed to update "<path>" permission: <cause>`; `failed to remove unix://<path>: <cause>`
 */
export async function serveGrpcSocket(settings: GrpcSocketSettings): Promise<GrpcSocketServer> {
  const { path } = settings;
  await removeLeftover(path);
  const server = new SocketServer(settings);
  let failure = `failed to listen on unix socket "${path}"`;
  try {
    checkSocketPath(path);
    await makeSocketDirectory(path);
    await server.listen(bindingPath(path));
    failure = `failed to update "${path}" permission`;
    return socketServer(server, await placeSocket(settings));
  } catch (error) {
    server.cut(); // the caller gets nothing it could close
    const cause = `${messageOf(error)}${await accessDiagnosis(path, error)}`;
    throw new AgentError(`${failure}: ${cause}`, { cause: error });
  }
}

function socketServer(server: SocketServer, { place, remove }: SocketFile): GrpcSocketServer {
  const close = async (): Promise<void> => {
    await remove();
    server.cut();
  };
  return { place, retire: () => server.retire(), close, [Symbol.asyncDispose]: close };
}

class SocketServer {
  readonly #listener = createServer((socket) => this.#accept(socket));
  readonly #settings: Pick<GrpcSocketSettings, 'options' | 'register'>;
  #serving: { readonly server: Server; readonly take: (socket: Socket) => void } | undefined;

  constructor(settings: Pick<GrpcSocketSettings, 'options' | 'register'>) {
    this.#settings = settings;
  }

  /** @throws the system's error */
  async listen(path: string): Promise<void> {
    await once(this.#listener.listen(path), 'listening');
  }

  /** Takes no more connections; resolves when the clients have ended those it has. */
  async retire(): Promise<void> {
    this.#listener.close();
    const server = this.#serving?.server;
    if (server !== undefined) await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  }

  /** Ends every stream at once. */
  cut(): void {
    this.#listener.close();
    this.#serving?.server.forceShutdown();
  }

  #accept(socket: Socket): void {
    this.#serving ??= this.#serve();
    this.#serving.take(socket);
  }

  #serve(): { readonly server: Server; readonly take: (socket: Socket) => void } {
    const server = new Server(this.#settings.options);
    this.#settings.register(server);
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    return { server, take: (socket) => injector.injectConnection(socket) };
  }
}
