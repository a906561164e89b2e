// The SDS server: hands the workload's secrets to every Envoy over a Unix socket, and again whenever they change.
// What the secrets are is the source's. Upstream counterpart: istio security/pkg/nodeagent/sds.

import {
  status as Status,
  type sendUnaryData,
  type ServerDuplexStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

import type { MessagesLoader } from '../proto/messages.ts';
import type { Clock } from '../runtime/clock.ts';
import { bytesMethod, serveGrpcSocket, type GrpcSocketServer } from '../runtime/grpc.ts';
import type { Log } from '../runtime/log.ts';
import type { SdsMetrics } from './metrics.ts';
import { SecretFaults } from './secret-faults.ts';
import type { KeyProvider } from './secret-resource.ts';
import type { SecretSource } from './secret-source.ts';
import { SecretStream } from './secret-stream.ts';
import { SocketListener } from './socket-listener.ts';
import { Subscriptions } from './subscriptions.ts';

export interface SdsServerDeps {
  /** `./var/run/secrets/workload-spiffe-uds/socket` */
  readonly socketPath: string;
  /** Of the socket file; Envoy may run as another user of the pod. */
  readonly socketMode: number;
  /** Group of the socket file; undefined: the process's. */
  readonly socketGid: number | undefined;
  /** Another server has the workload's certificates; only said in the log here. */
  readonly filesOnly: boolean;
  readonly source: SecretSource;
  /** What Envoy does the work of private keys with; undefined: itself. */
  readonly keyProvider: KeyProvider | undefined;
  readonly messages: MessagesLoader;
  readonly clock: Clock;
  /** Scope `sds`. */
  readonly log: Log;
  readonly metrics: SdsMetrics;
}

const SERVICE = '/envoy.service.secret.v3.SecretDiscoveryService';

const METHODS = {
  streamSecrets: bytesMethod(`${SERVICE}/StreamSecrets`, true),
  deltaSecrets: bytesMethod(`${SERVICE}/DeltaSecrets`, true),
  fetchSecrets: bytesMethod(`${SERVICE}/FetchSecrets`, false),
};

const MAX_STREAMS = 100_000;

export class SdsServer implements AsyncDisposable {
  readonly #deps: SdsServerDeps;
  readonly #streams = new Map<SecretStream, Promise<void>>();
  readonly #faults: SecretFaults;
  readonly #subscriptions: Subscriptions;
  readonly #unsubscribe: () => void;
  #listener: SocketListener | undefined;
  #lastStreamId = 0;
  #lastVersion = 0;

  /**
   * Listens. When that fails it says so and resolves all the same, and goes on trying: nothing waits for it, as an
   * Envoy that needs no workload certificate can work without this server.
   */
  static async start(deps: SdsServerDeps): Promise<SdsServer> {
    const server = new SdsServer(deps);
    const { socketPath: path, filesOnly, clock, log } = deps;
    const what = filesOnly ? 'file certificates only' : 'workload certificates';
    log.info(`Starting SDS server for ${what}, will listen on "${path}"`);
    const open = (): Promise<GrpcSocketServer> => server.#open();
    server.#listener = await SocketListener.start({ path, open, clock, log });
    return server;
  }

  private constructor(deps: SdsServerDeps) {
    this.#deps = deps;
    const { source, log } = deps;
    this.#faults = new SecretFaults(log);
    this.#subscriptions = new Subscriptions((name) => source.release(name));
    this.#unsubscribe = source.onChange((name) => {
      for (const stream of this.#streams.keys()) stream.changed(name);
    });
  }

  /** False while the socket is not there. */
  get listening(): boolean {
    return this.#listener?.listening ?? false;
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#unsubscribe();
    for (const stream of this.#streams.keys()) stream.end();
    await Promise.all(this.#streams.values());
    await this.#listener?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): Promise<GrpcSocketServer> {
    const { socketPath, socketMode, socketGid } = this.#deps;
    return serveGrpcSocket({
      path: socketPath,
      mode: socketMode,
      gid: socketGid,
      options: { 'grpc.max_concurrent_streams': MAX_STREAMS },
      register: (server) => server.addService(METHODS, this.#handlers()),
    });
  }

  #handlers(): UntypedServiceImplementation {
    return {
      streamSecrets: (call: ServerDuplexStream<Buffer, Buffer>) => this.#serve(call),
      deltaSecrets: (call: ServerDuplexStream<Buffer, Buffer>) => call.emit('error', unimplemented('Delta')),
      fetchSecrets: (_call: unknown, done: sendUnaryData<Buffer>) => done(unimplemented('Fetch')),
    };
  }

  #serve(call: ServerDuplexStream<Buffer, Buffer>): void {
    const stream = new SecretStream({
      ...this.#deps,
      call,
      id: ++this.#lastStreamId,
      nextVersion: () => this.#nextVersion(),
      faults: this.#faults,
      subscriptions: this.#subscriptions,
    });
    const served = stream.serve().finally(() => this.#streams.delete(stream));
    this.#streams.set(stream, served);
  }

  #nextVersion(): string {
    return `${new Date(this.#deps.clock.now()).toISOString()}/${++this.#lastVersion}`;
  }
}

function unimplemented(kind: string): { code: Status; details: string } {
  return { code: Status.UNIMPLEMENTED, details: `${kind}Secrets not implemented` };
}
