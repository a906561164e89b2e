// A real gRPC server with the CA's method, on a loopback port of its own.

import { Server, ServerCredentials, status, type Metadata, type sendUnaryData } from '@grpc/grpc-js';

import { loadMessages, type CertificateRequest } from '../../src/proto/messages.ts';
import { bytesMethod } from '../../src/runtime/grpc.ts';
import { issuePair, type Authority } from './authority.ts';

export interface CaCall {
  readonly request: CertificateRequest;
  readonly bytes: Buffer;
  readonly headers: ReadonlyMap<string, string>;
}

/** Returns the chain, or throws an RpcFailure; a promise that never settles leaves the call without answer. */
export type Answer = (call: CaCall, count: number) => Promise<string[]> | string[];

export class RpcFailure extends Error {
  readonly code: number;

  constructor(code: keyof typeof status, details: string) {
    super(details);
    this.code = status[code];
  }
}

export interface CaServer extends AsyncDisposable {
  readonly port: number;
  /** Calls so far, oldest first. */
  readonly calls: readonly CaCall[];
}

export interface CaServerSettings {
  /** Whose certificate the server shows; absent: plaintext. */
  readonly authority?: Authority;
  /** Names in the server's certificate. */
  readonly names?: readonly string[];
  /** Only callers with a certificate of the authority. Default false. */
  readonly requireClientCertificate?: boolean;
  /** Default: any free one. */
  readonly port?: number;
  readonly answer: Answer;
}

export async function startCaServer(settings: CaServerSettings): Promise<CaServer> {
  const messages = loadMessages();
  const calls: CaCall[] = [];
  const server = new Server();
  const method = bytesMethod('/istio.v1.auth.IstioCertificateService/CreateCertificate', false);
  const handle = async (bytes: Buffer, metadata: Metadata): Promise<Buffer> => {
    const headers = new Map(Object.entries(metadata.getMap()).map(([name, value]) => [name, String(value)]));
    const call = { request: messages.certificateRequest.decode(bytes), bytes, headers };
    calls.push(call);
    return messages.certificateResponse.encode({ certChain: await settings.answer(call, calls.length) });
  };
  server.addService(
    { create: method },
    {
      create: (call: { request: Buffer; metadata: Metadata }, reply: sendUnaryData<Buffer>) => {
        handle(call.request, call.metadata).then(
          (response) => reply(null, response),
          (error: unknown) => reply(error as RpcFailure),
        );
      },
    },
  );
  const port = await bind(server, await credentialsOf(settings), settings.port ?? 0);
  const stop = async (): Promise<void> => server.forceShutdown();
  return { port, calls, [Symbol.asyncDispose]: stop };
}

async function credentialsOf(settings: CaServerSettings): Promise<ServerCredentials> {
  const { authority, names = ['ca.example'], requireClientCertificate = false } = settings;
  if (authority === undefined) return ServerCredentials.createInsecure();
  const { chainPem, keyPem } = await issuePair(authority, names);
  const pair = { cert_chain: Buffer.from(chainPem), private_key: Buffer.from(keyPem) };
  return ServerCredentials.createSsl(Buffer.from(authority.rootPem), [pair], requireClientCertificate);
}

function bind(server: Server, credentials: ServerCredentials, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
}
