// What the agent's gRPC parts share: methods that carry bytes, and a server on a Unix socket. Loaded only by
// those parts.

import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { format } from 'node:util';

import {
  logVerbosity,
  Server,
  ServerCredentials,
  setLogger,
  setLogVerbosity,
  type ChannelOptions,
  type MethodDefinition,
} from '@grpc/grpc-js';

import { AgentError, messageOf } from './errors.ts';
import type { Log } from './log.ts';

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

/** Longest path a Unix socket address can hold, bytes. @see unix(7) */
const MAX_SOCKET_PATH_BYTES = 107;

export interface GrpcSocketSettings {
  /** Absolute or relative path of the socket file; an old file there is removed. */
  readonly path: string;
  /** Mode of the socket file, for example 0o666. */
  readonly mode: number;
  readonly options: ChannelOptions;
  /** Adds the services, before the socket opens. */
  readonly register: (server: Server) => void;
}

export interface GrpcSocketServer extends AsyncDisposable {
  /** Ends every stream at once and removes the socket file. May be called twice. */
  close(): Promise<void>;
}

/**
 * Serves plaintext gRPC on a Unix socket.
 *
 * @throws AgentError `failed to listen on unix socket "<path>": <cause>`
 */
export async function serveGrpcSocket(settings: GrpcSocketSettings): Promise<GrpcSocketServer> {
  const { path, mode, options, register } = settings;
  const fail = (cause: unknown): AgentError =>
    new AgentError(`failed to listen on unix socket "${path}": ${messageOf(cause)}`, { cause });
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw fail(`the path has ${Buffer.byteLength(path)} bytes, a socket allows ${MAX_SOCKET_PATH_BYTES}`);
  }
  await rm(path, { force: true }).catch((error: unknown) => {
    throw new AgentError(`failed to remove unix://${path}: ${messageOf(error)}`, { cause: error });
  });
  const server = new Server(options);
  register(server);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    await bind(server, path);
    await chmod(path, mode);
  } catch (error) {
    server.forceShutdown(); // the caller gets nothing it could close
    throw fail(error);
  }
  const close = async (): Promise<void> => {
    server.forceShutdown();
    await rm(path, { force: true });
  };
  return { close, [Symbol.asyncDispose]: close };
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
