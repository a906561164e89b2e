// The ADS proxy: a gRPC server on a Unix socket for Envoy, and for each of its streams one to the control plane.
// It forwards bytes and never retries: Envoy must see every loss, so that it starts the xDS sequence anew.
// Upstream counterpart: istio pkg/istio-agent/xds_proxy.go and xds_proxy_delta.go.

import { status as Status, type Metadata } from '@grpc/grpc-js';

import type { Clock } from '../runtime/clock.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import { bytesMethod, serveGrpcSocket, type BytesMethod, type GrpcSocketServer } from '../runtime/grpc.ts';
import type { Log } from '../runtime/log.ts';
import { NAME_TABLE_TYPE, PROXY_CONFIG_TYPE } from '../xds/type-urls.ts';
import { grpcDownstream, type ServerCall } from './downstream.ts';
import type { Kind } from './envelopes.ts';
import { reusingFrames } from './frame-reuse.ts';
import { GivenStatuses } from './given-statuses.ts';
import type { ProxyMetrics } from './metrics.ts';
import { Sessions, type DebugAnswer, type DebugQuestion, type XdsProxySnapshot } from './sessions.ts';
import { UpstreamConnection, type Upstream } from './upstream-connection.ts';

export type { DebugAnswer, DebugQuestion, XdsProxySnapshot } from './sessions.ts';

export interface XdsProxySettings {
  /** `<configPath>/XDS` */
  readonly socketPath: string;
  /** `ISTIO_GPRC_MAXSTREAMS` */
  readonly maxStreams: number;
  /** `ISTIO_GPRC_MAXRECVMSGSIZE`: largest request of Envoy, bytes. */
  readonly maxRequestBytes: number;
  /** Silence of Envoy after which it is pinged, milliseconds. */
  readonly keepaliveIntervalMs: number;
  /** How long its answer may take, milliseconds. */
  readonly keepaliveTimeoutMs: number;
  /** `XDS_MAX_SILENCE`: time without a response after which a stream is ended, milliseconds. Default 0: never. */
  readonly maxSilenceMs?: number;
}

export interface XdsProxyDeps {
  readonly settings: XdsProxySettings;
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Scope `xdsproxy`. */
  readonly log: Log;
  readonly metrics: ProxyMetrics;
  /** Takes each packed NameTable; throws to refuse it. Absent: no name table is subscribed. */
  readonly onNameTable?: (bytes: Uint8Array) => void | Promise<void>;
  /** Takes each packed ProxyConfig; throws to refuse it. Absent: none is subscribed. */
  readonly onProxyConfig?: (bytes: Uint8Array) => void | Promise<void>;
}

const METHODS: Readonly<Record<Kind, BytesMethod>> = {
  sotw: adsMethod('StreamAggregatedResources'),
  delta: adsMethod('DeltaAggregatedResources'),
};

/** Names the Envoy a stream belongs to; absent means the first one, generation 0. Not sent to the control plane. */
const GENERATION_HEADER = 'x-agent-generation';

export class XdsProxy implements AsyncDisposable {
  readonly #settings: XdsProxySettings;
  readonly #sessions: Sessions;
  readonly #statuses = new GivenStatuses();
  #server: GrpcSocketServer | undefined;

  /**
   * Listens; the control plane need not be reachable.
   *
   * @throws AgentError `failed to start xds proxy: <cause>`
   */
  static async start(deps: XdsProxyDeps): Promise<XdsProxy> {
    const proxy = new XdsProxy(deps);
    try {
      await proxy.#listen();
    } catch (error) {
      throw new AgentError(`failed to start xds proxy: ${messageOf(error)}`, { cause: error });
    }
    return proxy;
  }

  private constructor(deps: XdsProxyDeps) {
    const { upstream, clock, onNameTable, onProxyConfig } = deps;
    this.#settings = deps.settings;
    this.#sessions = new Sessions({
      ...deps,
      maxSilenceMs: deps.settings.maxSilenceMs ?? 0,
      consumers: new Map([
        ...(onNameTable ? [[NAME_TABLE_TYPE, onNameTable] as const] : []),
        ...(onProxyConfig ? [[PROXY_CONFIG_TYPE, onProxyConfig] as const] : []),
      ]),
      connect: (kind, onResponse, signal) =>
        UpstreamConnection.open({ upstream, clock, method: METHODS[kind], onResponse }, signal),
    });
  }

  snapshot(): XdsProxySnapshot {
    return this.#sessions.snapshot();
  }

  /**
   * Asks the control plane about itself on a stream that is open, and gives its response.
   *
   * @throws AgentError `proxy not connected to Istiod`; how the stream ended; the signal's reason
   */
  ask(question: DebugQuestion, signal: AbortSignal): Promise<DebugAnswer> {
    return this.#sessions.ask(question, signal);
  }

  async close(): Promise<void> {
    await this.#sessions.close();
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(): Promise<void> {
    const { socketPath, maxStreams, maxRequestBytes, keepaliveIntervalMs, keepaliveTimeoutMs } =
      this.#settings;
    this.#server = await serveGrpcSocket({
      path: socketPath,
      mode: 0o666, // Envoy may run as another user
      options: {
        interceptors: [(method, call) => this.#statuses.interceptor(method, reusingFrames(call))],
        'grpc.max_concurrent_streams': maxStreams,
        'grpc.max_receive_message_length': maxRequestBytes,
        'grpc.keepalive_time_ms': keepaliveIntervalMs,
        'grpc.keepalive_timeout_ms': keepaliveTimeoutMs, // channelz stays on: without it a shutdown forgets sessions
      },
      register: (server) => {
        server.addService(METHODS, {
          sotw: (call: ServerCall) => this.#serve('sotw', call),
          delta: (call: ServerCall) => this.#serve('delta', call),
        });
      },
    });
  }

  #serve(kind: Kind, call: ServerCall): void {
    const client = grpcDownstream(call, this.#statuses);
    const generation = generationOf(call.metadata);
    if (generation === undefined) client.end(Status.INVALID_ARGUMENT, `${GENERATION_HEADER} is not a number`);
    else this.#sessions.open(kind, client, generation);
  }
}

function adsMethod(name: string): BytesMethod {
  return bytesMethod(`/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`, true);
}

/** @returns undefined when the header is there and is not a whole number */
function generationOf(metadata: Metadata): number | undefined {
  const [value] = metadata.get(GENERATION_HEADER);
  if (value === undefined) return 0;
  return /^\d{1,9}$/.test(String(value)) ? Number(value) : undefined;
}
