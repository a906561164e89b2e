// All streams of Envoy: each becomes a session of its generation, and its end is counted and logged here, once.
// Where the streams come from is in proxy.ts.

import { status as Status } from '@grpc/grpc-js';

import type { Clock } from '../runtime/clock.ts';
import { AgentError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Downstream } from './downstream.ts';
import { Ending } from './endings.ts';
import type { Kind } from './envelopes.ts';
import { Generations, type Generation, type GenerationSnapshot } from './generations.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { Consumers } from './routing.ts';
import { Session } from './session.ts';
import { UpstreamNotBuilt } from './upstream-connection.ts';
import type { UpstreamStream } from './upstream-stream.ts';
import { UpstreamTroubles, type UpstreamError } from './upstream-troubles.ts';

export interface SessionsDeps {
  readonly consumers: Consumers;
  /** Opens a stream to the control plane; see SessionDeps. */
  readonly connect: (
    kind: Kind,
    onResponse: (bytes: Buffer) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<UpstreamStream>;
  /** After this time without a response a stream is ended, milliseconds; 0: never. */
  readonly maxSilenceMs: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: ProxyMetrics;
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
  /** Whose stream is used, when it has one; undefined, or it has none: that of the newest that has. */
  readonly generation: number | undefined;
}

export interface DebugAnswer {
  readonly kind: Kind;
  /** The whole DiscoveryResponse, or DeltaDiscoveryResponse. */
  readonly bytes: Buffer;
}

const STOPS = 'the agent stops';

export class Sessions {
  readonly #deps: SessionsDeps;
  readonly #generations: Generations;
  readonly #troubles: UpstreamTroubles;
  readonly #running = new Map<Session, Promise<void>>();
  #lastId = 0;
  #closed = false;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    this.#generations = new Generations(deps.random, deps.log);
    this.#troubles = new UpstreamTroubles(deps.clock, deps.log);
  }

  /** Serves a stream that Envoy has opened until it ends; at once when all have been closed. */
  open(kind: Kind, client: Downstream, generationNumber: number): void {
    if (this.#closed) return client.end(Status.OK, STOPS);
    const generation = this.#generations.get(generationNumber);
    const id = ++this.#lastId;
    const session = this.#session(kind, client, generation, id);
    this.#generations.register(generation, session);
    const running = session
      .run((ending) => this.#onOver(generation, session, ending, id))
      .finally(() => this.#running.delete(session));
    this.#running.set(session, running);
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

  snapshot(): XdsProxySnapshot {
    const { last } = this.#troubles;
    return { generations: this.#generations.snapshot(), ...(last && { lastUpstreamError: last }) };
  }

  /** Ends all; resolves when both sides of each are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const session of this.#running.keys()) session.end(new Ending('agent', Status.OK, STOPS));
    await Promise.all(this.#running.values());
  }

  #session(kind: Kind, client: Downstream, generation: Generation, id: number): Session {
    const { consumers, connect, maxSilenceMs, clock, log, metrics } = this.#deps;
    return new Session({
      id,
      kind,
      client,
      consumers,
      beforeConnect: (signal) => this.#spareUpstream(generation, id, signal),
      connect: (onResponse, signal) => connect(kind, onResponse, signal),
      onResponse: () => this.#troubles.over(),
      maxSilenceMs,
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
    const { upstreamAgeMs } = session;
    this.#generations.release(generation, session);
    generation.lastEnd = {
      text: `${ending.side}: ${ending.message}`,
      at: new Date(this.#deps.clock.now()),
    };
    generation.herdDelay.streamEnded({ livedMs: upstreamAgeMs ?? 0, failed: ending.side === 'upstream' });
    this.#count(ending, upstreamAgeMs !== undefined);
    this.#tell(ending, id);
  }

  #count(ending: Ending, wasConnected: boolean): void {
    const { metrics } = this.#deps;
    const type = ending.class === 'unexpected' ? 'error' : 'cancelled';
    if (ending instanceof UpstreamNotBuilt) metrics.upstreamNotBuilt();
    else if (ending.side === 'upstream') metrics.upstreamEnded(wasConnected ? type : 'error');
    else if (ending.side === 'downstream') metrics.downstreamEnded(type);
  }

  #tell(ending: Ending, id: number): void {
    const { log } = this.#deps;
    if (ending.class !== 'unexpected') {
      log.debug(`${ending.side} terminated with status ${ending.message}`, { id });
    } else if (ending.side === 'upstream') this.#troubles.add(ending, { id });
    else log.warn(`${ending.side} terminated with unexpected error ${ending.message}`, { id });
  }
}
