// The ADS proxy: a gRPC server on a Unix socket for Envoy, and for each of its streams one to the control plane.
// It forwards bytes and never retries: Envoy must see every loss, so that it starts the xDS sequence anew.
// Upstream counterpart: istio pkg/istio-agent/xds_proxy.go and xds_proxy_delta.go.

import { status as Status, type Metadata } from '@grpc/grpc-js';

import type { Clock } from '../runtime/clock.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import { bytesMethod, serveGrpcSocket, type BytesMethod, type GrpcSocketServer } from '../runtime/grpc.ts';
import type { Log } from '../runtime/log.ts';
import { NAME_TABLE_TYPE, PROXY_CONFIG_TYPE } from '../xds/type-urls.ts';
import { Ending } from './endings.ts';
import type { Kind } from './envelopes.ts';
import { Generations, type Generation, type GenerationSnapshot } from './generations.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { Consumers } from './routing.ts';
import { Session, type DownstreamCall } from './session.ts';
import { UpstreamConnection, UpstreamNotBuilt, type Upstream } from './upstream-connection.ts';
import { UpstreamTroubles, type UpstreamError } from './upstream-troubles.ts';

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

export interface XdsProxySnapshot {
  /** Ascending by generation; only those that have opened a stream. */
  readonly generations: readonly GenerationSnapshot[];
  /** The last unexpected end of a stream to the control plane, or failure to open one. */
  readonly lastUpstreamError?: UpstreamError;
}

export interface DebugQuestion {
  /** `istio.io/debug/…` */
  readonly typeUrl: string;
  /** Resources asked for; may be none. */
  readonly names: readonly string[];
  /** Whose stream is used; undefined: that of the newest generation that has one. */
  readonly generation: number | undefined;
}

export interface DebugAnswer {
  readonly kind: Kind;
  /** The whole DiscoveryResponse, or DeltaDiscoveryResponse. */
  readonly bytes: Buffer;
}

const METHODS: Readonly<Record<Kind, BytesMethod>> = {
  sotw: adsMethod('StreamAggregatedResources'),
  delta: adsMethod('DeltaAggregatedResources'),
};

/** Names the Envoy a stream belongs to; absent means the first one, generation 0. Not sent to the control plane. */
const GENERATION_HEADER = 'x-agent-generation';

export class XdsProxy implements AsyncDisposable {
  readonly #deps: XdsProxyDeps;
  readonly #consumers: Consumers;
  readonly #generations: Generations;
  readonly #troubles: UpstreamTroubles;
  readonly #running = new Map<Session, Promise<void>>();
  #server: GrpcSocketServer | undefined;
  #lastId = 0;

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
    this.#deps = deps;
    this.#consumers = new Map([
      ...(deps.onNameTable ? [[NAME_TABLE_TYPE, deps.onNameTable] as const] : []),
      ...(deps.onProxyConfig ? [[PROXY_CONFIG_TYPE, deps.onProxyConfig] as const] : []),
    ]);
    this.#generations = new Generations(deps.random, deps.log);
    this.#troubles = new UpstreamTroubles(deps.clock, deps.log);
  }

  snapshot(): XdsProxySnapshot {
    const { last } = this.#troubles;
    return { generations: this.#generations.snapshot(), ...(last && { lastUpstreamError: last }) };
  }

  /**
   * Asks the control plane about itself on a stream that is open, and gives its response.
   *
   * @throws AgentError `proxy not connected to Istiod`; how the stream ended; the signal's reason
   */
  async ask({ typeUrl, names, generation }: DebugQuestion, signal: AbortSignal): Promise<DebugAnswer> {
    const session = this.#generations.connected(generation);
    if (session === undefined) throw new AgentError('proxy not connected to Istiod');
    return { kind: session.kind, bytes: await session.ask(typeUrl, names, signal) };
  }

  async close(): Promise<void> {
    for (const session of this.#running.keys()) {
      session.end(new Ending('agent', Status.OK, 'the agent stops'));
    }
    await Promise.all(this.#running.values());
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(): Promise<void> {
    const { socketPath, maxStreams, maxRequestBytes, keepaliveIntervalMs, keepaliveTimeoutMs } =
      this.#deps.settings;
    this.#server = await serveGrpcSocket({
      path: socketPath,
      mode: 0o666, // Envoy may run as another user
      options: {
        'grpc.max_concurrent_streams': maxStreams,
        'grpc.max_receive_message_length': maxRequestBytes,
        'grpc.keepalive_time_ms': keepaliveIntervalMs,
        'grpc.keepalive_timeout_ms': keepaliveTimeoutMs, // channelz stays on: without it a shutdown forgets sessions
      },
      register: (server) => {
        server.addService(METHODS, {
          sotw: (call: DownstreamCall) => this.#serve('sotw', call),
          delta: (call: DownstreamCall) => this.#serve('delta', call),
        });
      },
    });
  }

  #serve(kind: Kind, call: DownstreamCall): void {
    const number = generationOf(call.metadata);
    if (number === undefined) {
      call.emit('error', { code: Status.INVALID_ARGUMENT, details: `${GENERATION_HEADER} is not a number` });
      return;
    }
    const generation = this.#generations.get(number);
    const id = ++this.#lastId;
    const session = this.#session(kind, call, generation, id);
    this.#generations.register(generation, session);
    const running = session
      .run((ending) => this.#onOver(generation, session, ending, id))
      .finally(() => this.#running.delete(session));
    this.#running.set(session, running);
  }

  #session(kind: Kind, call: DownstreamCall, generation: Generation, id: number): Session {
    const { upstream, clock, log, metrics } = this.#deps;
    return new Session({
      id,
      kind,
      call,
      consumers: this.#consumers,
      beforeConnect: (signal) => this.#spareUpstream(generation, id, signal),
      connect: (onResponse, signal) =>
        UpstreamConnection.open({ upstream, clock, method: METHODS[kind], onResponse }, signal),
      onResponse: () => this.#troubles.over(),
      clock,
      log,
      metrics,
    });
  }

  async #spareUpstream(generation: Generation, id: number, signal: AbortSignal): Promise<void> {
    const ms = generation.herdDelay.nextMs();
    if (ms === 0) return;
    this.#deps.log.debug('streams end young, waiting before the next connect', { id, ms: Math.round(ms) });
    await this.#deps.clock.sleep(ms, signal);
  }

  #onOver(generation: Generation, session: Session, ending: Ending, id: number): void {
    const { log, metrics } = this.#deps;
    const type = ending.class === 'unexpected' ? 'error' : 'cancelled';
    if (ending.side === 'upstream') {
      metrics.upstreamEnded(type);
      generation.herdDelay.upstreamEnded(session.upstreamAgeMs);
    } else if (ending.side === 'downstream') metrics.downstreamEnded(type);
    if (ending instanceof UpstreamNotBuilt) metrics.upstreamNotBuilt();
    if (ending.class !== 'unexpected')
      log.debug(`${ending.side} terminated with status ${ending.message}`, { id });
    else if (ending.side === 'upstream') this.#troubles.add(ending, { id });
    else log.warn(`${ending.side} terminated with unexpected error ${ending.message}`, { id });
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
