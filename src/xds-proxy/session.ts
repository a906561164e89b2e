// One stream of Envoy and the stream to the control plane that belongs to it, from the first message to the end of
// both. Knows nothing of other streams. Upstream counterpart: istio pkg/istio-agent/xds_proxy.go handleStream.

import { status as Status, type ServerDuplexStream } from '@grpc/grpc-js';

import type { Clock } from '../runtime/clock.ts';
import { formatDuration, SECOND_MS } from '../runtime/duration.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable } from '../runtime/tasks.ts';
import { isDebugType, LISTENER_TYPE, shortTypeName } from '../xds/type-urls.ts';
import { AckLedger, type TypeState } from './ack-ledger.ts';
import { DebugRequests } from './debug-requests.ts';
import { Ending } from './endings.ts';
import {
  answer,
  readRequest,
  readResponse,
  subscription,
  type Kind,
  type ResponseFacts,
} from './envelopes.ts';
import type { ProxyMetrics } from './metrics.ts';
import { RequestQueue } from './request-queue.ts';
import { isForwarded, type Consumers } from './routing.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

export type DownstreamCall = ServerDuplexStream<Buffer, Buffer>;

export interface SessionDeps {
  readonly id: number;
  readonly kind: Kind;
  readonly call: DownstreamCall;
  readonly consumers: Consumers;
  /** Waits as long as the control plane shall be spared before the next connect. */
  readonly beforeConnect: (signal: AbortSignal) => Promise<void>;
  /** @throws Ending, or the signal's reason */
  readonly connect: (
    onResponse: (bytes: Buffer) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<UpstreamConnection>;
  /** The control plane has answered: whatever was wrong with it is over. */
  readonly onResponse: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ProxyMetrics;
}

/** A write towards Envoy that takes longer is worth a warning. */
const SLOW_WRITE_MS = 10 * SECOND_MS;

export class Session {
  readonly #deps: SessionDeps;
  readonly #queue = new RequestQueue();
  readonly #ledger = new AckLedger();
  readonly #debugRequests: DebugRequests;
  readonly #over = new AbortController();
  #upstream: UpstreamConnection | undefined;
  #openedAtMs: number | undefined;
  /** The client has sent something: nothing may go to the control plane before. */
  #isIntroduced = false;
  #listenersRequested = false;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#debugRequests = new DebugRequests(deps.clock);
  }

  /** The stream to the control plane is open. */
  get connected(): boolean {
    return this.#upstream !== undefined && !this.over;
  }

  get kind(): Kind {
    return this.#deps.kind;
  }

  get over(): boolean {
    return this.#over.signal.aborted;
  }

  /** How long the stream to the control plane has been open, milliseconds; 0 when it never was. */
  get upstreamAgeMs(): number {
    return this.#openedAtMs === undefined ? 0 : this.#deps.clock.monotonicMs() - this.#openedAtMs;
  }

  types(): Readonly<Record<string, TypeState>> {
    return this.#ledger.snapshot();
  }

  /**
   * Asks the control plane about itself, on this stream.
   *
   * @returns the whole response, as it came
   * @throws AgentError before the control plane knows the client; how the stream ended; the signal's reason
   */
  async ask(typeUrl: string, names: readonly string[], signal: AbortSignal): Promise<Buffer> {
    if (!this.connected || !this.#isIntroduced) throw new AgentError('proxy not connected to Istiod');
    const response = this.#debugRequests.expect(typeUrl);
    this.#queue.push({ typeUrl, bytes: subscription(this.#deps.kind, typeUrl, names) });
    return abortable(response, AbortSignal.any([signal, this.#over.signal]));
  }

  /** Ends both streams; the first ending counts. */
  end(ending: Ending): void {
    if (!this.over) this.#over.abort(ending);
  }

  /** Serves the stream until it ends on either side; resolves with how it ended, both sides closed. */
  async run(onOver: (ending: Ending) => void): Promise<void> {
    this.#listenToClient();
    const ending = await this.#relay(this.#over.signal).catch((error: unknown) => endingOf(error));
    this.end(ending);
    onOver(ending);
    this.#answerClient(ending);
    await (isHalfClose(ending) ? this.#upstream?.finish() : this.#upstream?.close());
  }

  #listenToClient(): void {
    const { call } = this.#deps;
    call.on('data', (bytes: Buffer) => this.#onRequest(bytes));
    // A cut stream says `end` too, and `cancelled` in the same turn of the event loop.
    call.once('end', () => setImmediate(() => this.end(new Ending('downstream', Status.OK, 'OK'))));
    call.once('cancelled', () => this.end(new Ending('downstream', Status.CANCELLED, 'client disconnected')));
  }

  /** Never returns: it ends by throwing how the stream ended. */
  async #relay(signal: AbortSignal): Promise<never> {
    const { beforeConnect, connect, metrics, clock } = this.#deps;
    await beforeConnect(signal);
    const upstream = await connect((bytes) => this.#onResponse(bytes), signal);
    this.#upstream = upstream;
    this.#openedAtMs = clock.monotonicMs();
    void upstream.ended.then((ending) => this.end(ending));
    for (;;) {
      const { typeUrl, bytes } = await this.#queue.take(signal);
      metrics.request();
      await upstream.send(bytes, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        const details = `send error for type url ${typeUrl}: ${messageOf(error)}`;
        throw new Ending('upstream', Status.UNKNOWN, details, error);
      });
    }
  }

  #onRequest(bytes: Buffer): void {
    const { kind, metrics, consumers, log, id } = this.#deps;
    metrics.requestSize(bytes.length);
    try {
      const request = readRequest(kind, bytes);
      if (this.#ledger.onRequest(request)) {
        log.warn(`Envoy refused ${shortTypeName(request.typeUrl)}: ${request.refusal}`, { id });
      }
      this.#queue.push({ typeUrl: request.typeUrl, bytes });
      this.#isIntroduced = true;
      if (isDebugType(request.typeUrl)) this.#debugRequests.pass(request.typeUrl);
      if (request.typeUrl !== LISTENER_TYPE || this.#listenersRequested) return;
      this.#listenersRequested = true;
      for (const typeUrl of consumers.keys()) {
        this.#queue.push({ typeUrl, bytes: subscription(kind, typeUrl) });
      }
    } catch (error) {
      this.end(new Ending('downstream', Status.INTERNAL, messageOf(error), error));
    }
  }

  /** Runs until the response has been taken by its receiver, or the stream is over. */
  async #onResponse(bytes: Buffer): Promise<void> {
    const { kind, metrics, log, id, onResponse } = this.#deps;
    if (this.over) {
      log.error('downstream dropped xds push to Envoy, connection already closed', { id });
      return;
    }
    try {
      metrics.response();
      onResponse();
      await this.#route(readResponse(kind, bytes), bytes);
    } catch (error) {
      if (this.over) return; // how the stream ended is known already
      this.end(new Ending('upstream', Status.INTERNAL, messageOf(error), error));
    }
  }

  async #route(response: ResponseFacts, bytes: Buffer): Promise<void> {
    const consume = this.#deps.consumers.get(response.typeUrl);
    if (consume) return this.#consume(response, consume);
    if (isDebugType(response.typeUrl) && this.#debugRequests.answer(response.typeUrl, bytes))
      return undefined;
    if (!isForwarded(response.typeUrl)) {
      const { log, id } = this.#deps;
      log.error(`Skipping forwarding type url ${response.typeUrl} to Envoy as is not a valid Envoy type`, {
        id,
      });
      return undefined;
    }
    this.#ledger.onResponse(response);
    return this.#writeToClient(bytes);
  }

  async #consume(response: ResponseFacts, consume: (resource: Uint8Array) => unknown): Promise<void> {
    const { kind, log, id } = this.#deps;
    const { typeUrl, firstResource } = response;
    if (firstResource === undefined) return; // nothing to accept, and no answer is expected
    let refusal: string | undefined;
    try {
      await consume(firstResource);
    } catch (error) {
      refusal = messageOf(error);
      log.warn(`refused ${shortTypeName(typeUrl)}: ${refusal}`, { id });
    }
    this.#queue.push({ typeUrl, bytes: answer(kind, response, refusal) });
  }

  async #writeToClient(bytes: Buffer): Promise<void> {
    const { call, clock, kind, log, id } = this.#deps;
    const startMs = clock.monotonicMs();
    const written = new Promise<void>((resolve, reject) => {
      call.write(bytes, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
    });
    await abortable(written, this.#over.signal);
    const tookMs = clock.monotonicMs() - startMs;
    if (tookMs <= SLOW_WRITE_MS) return;
    log.warn(`sendDownstream${kind === 'delta' ? 'Delta' : ''} took ${formatDuration(tookMs)}`, { id });
  }

  #answerClient({ side, code, details }: Ending): void {
    const { call } = this.#deps;
    if (side === 'downstream' && code === Status.CANCELLED) return; // nobody is there any more
    if (code === Status.OK) call.end();
    else call.emit('error', { code, details }); // the one way of grpc-js to end with a status; destroy() sends none
  }
}

function isHalfClose({ side, code }: Ending): boolean {
  return side === 'downstream' && code === Status.OK;
}

function endingOf(error: unknown): Ending {
  return error instanceof Ending ? error : new Ending('agent', Status.INTERNAL, messageOf(error), error);
}
