// One stream of Envoy and the stream to the control plane that belongs to it, from the first message to the end of
// both. Knows nothing of other streams. Upstream counterpart: istio pkg/istio-agent/xds_proxy.go handleStream.

import { status as Status } from '@grpc/grpc-js';

import type { Clock } from '../runtime/clock.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable } from '../runtime/tasks.ts';
import { AckLedger, type TypeState } from './ack-ledger.ts';
import { DebugRequests } from './debug-requests.ts';
import type { Downstream } from './downstream.ts';
import { Ending } from './endings.ts';
import { subscription, type Kind } from './envelopes.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { QueuedRequest } from './request-queue.ts';
import { Requests } from './requests.ts';
import { Responses } from './responses.ts';
import type { Consumers } from './routing.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { UpstreamStream } from './upstream-stream.ts';

export interface SessionDeps {
  readonly id: number;
  readonly kind: Kind;
  readonly client: Downstream;
  readonly consumers: Consumers;
  /** Waits as long as the control plane shall be spared before the next connect. */
  readonly beforeConnect: (signal: AbortSignal) => Promise<void>;
  /**
   * @param onResponse takes one response at a time: the next one is given when it has resolved; it never rejects
   * @throws Ending, or the signal's reason
   */
  readonly connect: (
    onResponse: (bytes: Buffer) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<UpstreamStream>;
  /** The control plane has answered: whatever was wrong with it is over. */
  readonly onResponse: () => void;
  /** After this time without a response the stream is ended, milliseconds; 0: never. */
  readonly maxSilenceMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ProxyMetrics;
}

/** What is known of a stream that is open. */
export interface StreamFacts {
  readonly id: number;
  readonly kind: Kind;
  /** When Envoy opened it. */
  readonly openedAt: Date;
  /** When the control plane was reached for it; absent until then. */
  readonly connectedAt?: Date;
  readonly upstreamAddress?: string;
  /** Requests that wait for the control plane to take them, and the memory they need. */
  readonly queuedRequests: number;
  readonly queuedBytes: number;
}

export interface TypeStates {
  /** By type URL: what Envoy was sent. */
  readonly ofEnvoy: Readonly<Record<string, TypeState>>;
  /** By type URL: what the agent took for itself. */
  readonly ofAgent: Readonly<Record<string, TypeState>>;
}

const GONE = { code: Status.CANCELLED, details: 'client disconnected' };

interface Connection {
  readonly stream: UpstreamStream;
  readonly since: Date;
  readonly sinceMs: number;
}

export class Session {
  readonly #deps: SessionDeps;
  readonly #ofEnvoy: AckLedger;
  readonly #ofAgent: AckLedger;
  readonly #debugRequests: DebugRequests;
  readonly #requests: Requests;
  readonly #responses: Responses;
  readonly #silence: SilenceWatch;
  readonly #over = new AbortController();
  readonly #openedAt: Date;
  #upstream: Connection | undefined;

  constructor(deps: SessionDeps) {
    const { clock, maxSilenceMs } = deps;
    this.#deps = deps;
    this.#silence = new SilenceWatch(clock, maxSilenceMs);
    this.#openedAt = new Date(clock.now());
    const [ofEnvoy, ofAgent] = [new AckLedger(clock), new AckLedger(clock)];
    const debugRequests = new DebugRequests(clock);
    this.#ofEnvoy = ofEnvoy;
    this.#ofAgent = ofAgent;
    this.#debugRequests = debugRequests;
    this.#requests = new Requests({ ...deps, ofEnvoy, debugRequests, end: (ending) => this.end(ending) });
    const request = (own: QueuedRequest): void => this.#requests.add(own);
    this.#responses = new Responses({ ...deps, ofEnvoy, ofAgent, debugRequests, request });
  }

  get kind(): Kind {
    return this.#deps.kind;
  }

  /** The stream to the control plane is open. */
  get connected(): boolean {
    return this.#upstream !== undefined && !this.over;
  }

  get over(): boolean {
    return this.#over.signal.aborted;
  }

  /** How long the stream to the control plane has been open, milliseconds; undefined when it never was. */
  get upstreamAgeMs(): number | undefined {
    return this.#upstream && this.#deps.clock.monotonicMs() - this.#upstream.sinceMs;
  }

  types(): TypeStates {
    return { ofEnvoy: this.#ofEnvoy.snapshot(), ofAgent: this.#ofAgent.snapshot() };
  }

  facts(): StreamFacts {
    const { id, kind } = this.#deps;
    const upstream = this.#upstream;
    const { count, sizeBytes } = this.#requests.waiting;
    return {
      id,
      kind,
      openedAt: this.#openedAt,
      ...(upstream && { connectedAt: upstream.since, upstreamAddress: upstream.stream.peer }),
      queuedRequests: count,
      queuedBytes: sizeBytes,
    };
  }

  /**
   * Asks the control plane about itself, on this stream.
   *
   * @returns the whole response, as it came
   * @throws AgentError before the control plane knows the client; how the stream ended; the signal's reason
   */
  async ask(typeUrl: string, names: readonly string[], signal: AbortSignal): Promise<Buffer> {
    if (!this.connected || !this.#requests.isIntroduced) {
      throw new AgentError('proxy not connected to Istiod');
    }
    const response = this.#debugRequests.expect(typeUrl);
    this.#requests.add({ typeUrl, bytes: subscription(this.#deps.kind, typeUrl, names) });
    return abortable(response, AbortSignal.any([signal, this.#over.signal]));
  }

  /** Ends both streams; the first ending counts. What was not sent yet is dropped. */
  end(ending: Ending): void {
    this.#over.abort(ending); // a second time it does nothing
    this.#requests.close();
  }

  /** Serves the stream until it ends on either side; resolves with both sides closed. */
  async run(onOver: (ending: Ending) => void): Promise<void> {
    const { signal } = this.#over;
    this.#listenToClient();
    await this.#relay(signal).catch((error: unknown) => this.end(endingOf(error)));
    const ending = signal.reason as Ending;
    onOver(ending);
    this.#deps.client.end(ending.code, ending.details);
    const upstream = this.#upstream?.stream;
    await (isHalfClose(ending) ? upstream?.finish() : upstream?.close());
  }

  #listenToClient(): void {
    this.#deps.client.listen({
      onRequest: (bytes) => this.#requests.receive(bytes),
      onHalfClose: () => this.end(new Ending('downstream', Status.OK, 'OK')),
      onGone: (given = GONE) => this.end(new Ending('downstream', given.code, given.details)),
    });
  }

  /** Never returns: it ends by throwing how the stream ended. */
  async #relay(signal: AbortSignal): Promise<never> {
    const upstream = await this.#connect(signal);
    void upstream.ended.then((ending) => this.end(ending));
    this.#silence.run(signal).catch((error: unknown) => this.end(endingOf(error)));
    for (;;) {
      const { typeUrl, bytes } = await this.#requests.next(signal);
      await upstream.send(bytes, signal).catch((error: unknown) => {
        const details = `send error for type url ${typeUrl}: ${messageOf(error)}`;
        throw new Ending('upstream', Status.UNKNOWN, details, error);
      });
    }
  }

  async #connect(signal: AbortSignal): Promise<UpstreamStream> {
    const { beforeConnect, connect, metrics, clock } = this.#deps;
    await beforeConnect(signal);
    const startMs = clock.monotonicMs();
    const stream = await connect((bytes) => this.#onResponse(bytes), signal);
    const sinceMs = clock.monotonicMs();
    this.#upstream = { stream, since: new Date(clock.now()), sinceMs };
    metrics.connectTook(sinceMs - startMs);
    return stream;
  }

  /** Runs until the response has been taken by its receiver, or the stream is over. */
  async #onResponse(bytes: Buffer): Promise<void> {
    const { log, id, onResponse } = this.#deps;
    if (this.over) {
      log.error('downstream dropped xds push to Envoy, connection already closed', { id });
      return;
    }
    try {
      onResponse();
      await this.#silence.while(this.#responses.take(bytes, this.#over.signal));
    } catch (error) {
      this.end(endingOf(error)); // no news when the stream was over
    }
  }
}

function isHalfClose({ side, code }: Ending): boolean {
  return side === 'downstream' && code === Status.OK;
}

function endingOf(error: unknown): Ending {
  return error instanceof Ending ? error : new Ending('agent', Status.INTERNAL, messageOf(error), error);
}
