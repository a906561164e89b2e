// The SDS server: hands the workload's secrets to every Envoy over a Unix socket, and again whenever they change.
// What the secrets are is the source's. Upstream counterpart: istio security/pkg/nodeagent/sds.

import {
  status as Status,
  type sendUnaryData,
  type ServerDuplexStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

import type { MessagesLoader } from '../proto/messages.ts';
import { CauseLog } from '../runtime/cause-log.ts';
import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { messageOf } from '../runtime/errors.ts';
import { bytesMethod, serveGrpcSocket, type GrpcSocketServer } from '../runtime/grpc.ts';
import type { Log } from '../runtime/log.ts';
import { SecretFaults } from './secret-faults.ts';
import type { SecretSource } from './secret-source.ts';
import { SecretStream, type SdsMetrics } from './secret-stream.ts';

export interface SdsServerDeps {
  /** `./var/run/secrets/workload-spiffe-uds/socket` */
  readonly socketPath: string;
  /** Another server has the workload's certificates; only said in the log here. */
  readonly filesOnly: boolean;
  readonly source: SecretSource;
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

/** Waits before each further try to listen, milliseconds. */
const LISTEN_WAITS_MS = [1, 2, 4, 8, 16].map((seconds) => seconds * SECOND_MS);

export class SdsServer implements AsyncDisposable {
  readonly #deps: SdsServerDeps;
  readonly #streams = new Map<SecretStream, Promise<void>>();
  readonly #faults: SecretFaults;
  readonly #unsubscribe: () => void;
  readonly #closing = new AbortController();
  readonly #listenFaults: CauseLog;
  #server: GrpcSocketServer | undefined;
  /** Further tries to listen; ends with the last one, or with `close`. */
  #trying: Promise<void> = Promise.resolve();
  #lastStreamId = 0;
  #lastVersion = 0;

  /**
   * Listens. When that fails it says so and resolves all the same, and goes on trying for half a minute: nothing
   * waits for it, as an Envoy that needs no workload certificate can work without this server.
   */
  static async start(deps: SdsServerDeps): Promise<SdsServer> {
    const server = new SdsServer(deps);
    const what = deps.filesOnly ? 'file certificates only' : 'workload certificates';
    deps.log.info(`Starting SDS server for ${what}, will listen on "${deps.socketPath}"`);
    if (!(await server.#listen())) server.#trying = server.#keepTrying();
    return server;
  }

  private constructor(deps: SdsServerDeps) {
    this.#deps = deps;
    this.#faults = new SecretFaults(deps.log);
    this.#listenFaults = new CauseLog(deps.log);
    this.#unsubscribe = deps.source.onChange((name) => {
      for (const stream of this.#streams.keys()) stream.changed(name);
    });
  }

  /** False when no try to open the socket has succeeded. */
  get listening(): boolean {
    return this.#server !== undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#trying;
    this.#unsubscribe();
    for (const stream of this.#streams.keys()) stream.end();
    await Promise.all(this.#streams.values());
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(): Promise<boolean> {
    try {
      this.#server = await serveGrpcSocket({
        path: this.#deps.socketPath,
        mode: 0o666, // Envoy may run as another user of the pod
        options: { 'grpc.max_concurrent_streams': MAX_STREAMS },
        register: (server) => server.addService(METHODS, this.#handlers()),
      });
      return true;
    } catch (error) {
      this.#listenFaults.warn(`SDS grpc server could not be started, trying again: ${messageOf(error)}`);
      return false;
    }
  }

  async #keepTrying(): Promise<void> {
    const { clock, log, socketPath } = this.#deps;
    const { signal } = this.#closing;
    for (const waitMs of LISTEN_WAITS_MS) {
      await clock.sleep(waitMs, signal).catch(() => undefined); // closing; nothing is left to try
      if (signal.aborted || (await this.#listen())) return;
    }
    log.warn(`SDS grpc server was not started: ${socketPath} cannot be served`);
  }

  #handlers(): UntypedServiceImplementation {
    return {
      streamSecrets: (call: ServerDuplexStream<Buffer, Buffer>) => this.#serve(call),
      deltaSecrets: (call: ServerDuplexStream<Buffer, Buffer>) => call.emit('error', unimplemented('Delta')),
      fetchSecrets: (_call: unknown, done: sendUnaryData<Buffer>) => done(unimplemented('Fetch')),
    };
  }

  #serve(call: ServerDuplexStream<Buffer, Buffer>): void {
    const { source, messages, log, metrics } = this.#deps;
    const nextVersion = (): string => this.#nextVersion();
    const id = ++this.#lastStreamId;
    const faults = this.#faults;
    const stream = new SecretStream({ call, id, source, messages, nextVersion, log, faults, metrics });
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
