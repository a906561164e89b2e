// The SDS server: hands the workload's secrets to every Envoy over a Unix socket, and again whenever they change.
// What the secrets are is the source's. Upstream counterpart: istio security/pkg/nodeagent/sds.

import {
  status as Status,
  type sendUnaryData,
  type ServerDuplexStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

import type { Messages } from '../proto/messages.ts';
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
  readonly source: SecretSource;
  readonly messages: Messages;
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

/** Waits after each failed try to listen, milliseconds. */
const LISTEN_WAITS_MS = [1, 2, 4, 8, 16].map((seconds) => seconds * SECOND_MS);

export class SdsServer implements AsyncDisposable {
  readonly #deps: SdsServerDeps;
  readonly #streams = new Map<SecretStream, Promise<void>>();
  readonly #faults: SecretFaults;
  readonly #unsubscribe: () => void;
  #server: GrpcSocketServer | undefined;
  #lastStreamId = 0;
  #lastVersion = 0;

  /**
   * Listens, trying several times. When that is in vain it says so and resolves all the same: an Envoy that needs no
   * workload certificate can work without this server.
   */
  static async start(deps: SdsServerDeps, signal: AbortSignal): Promise<SdsServer> {
    const server = new SdsServer(deps);
    try {
      await server.#listen(signal);
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  private constructor(deps: SdsServerDeps) {
    this.#deps = deps;
    this.#faults = new SecretFaults(deps.log);
    this.#unsubscribe = deps.source.onChange((name) => {
      for (const stream of this.#streams.keys()) stream.changed(name);
    });
  }

  /** False when no try to open the socket has succeeded. */
  get listening(): boolean {
    return this.#server !== undefined;
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    for (const stream of this.#streams.keys()) stream.end();
    await Promise.all(this.#streams.values());
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { socketPath, clock, log } = this.#deps;
    log.info(`Starting SDS server for workload certificates, will listen on "${socketPath}"`);
    const causes = new CauseLog(log);
    for (const waitMs of LISTEN_WAITS_MS) {
      try {
        this.#server = await serveGrpcSocket({
          path: socketPath,
          mode: 0o666, // Envoy may run as another user of the pod
          options: { 'grpc.max_concurrent_streams': MAX_STREAMS },
          register: (server) => server.addService(METHODS, this.#handlers()),
        });
        return;
      } catch (error) {
        causes.warn(`SDS grpc server could not be started, trying again: ${messageOf(error)}`);
      }
      await clock.sleep(waitMs, signal);
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
