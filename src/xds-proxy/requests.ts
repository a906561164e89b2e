// The requests of one stream, Envoy's and the agent's own, in the order in which the control plane gets them.
// Upstream counterpart: istio pkg/istio-agent/xds_proxy.go handleUpstreamRequest.

import { status as Status } from '@grpc/grpc-js';

import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { isDebugType, LISTENER_TYPE, shortTypeName } from '../xds/type-urls.ts';
import type { AckLedger } from './ack-ledger.ts';
import type { DebugRequests } from './debug-requests.ts';
import { Ending } from './endings.ts';
import { readRequest, subscription, type Kind, type RequestFacts } from './envelopes.ts';
import type { ProxyMetrics } from './metrics.ts';
import { RequestQueue, type QueuedRequest } from './request-queue.ts';
import type { Consumers } from './routing.ts';

export interface RequestsDeps {
  readonly id: number;
  readonly kind: Kind;
  /** Their types are subscribed after Envoy's first request for listeners. */
  readonly consumers: Consumers;
  /** Envoy's answers are written down here. */
  readonly ofEnvoy: AckLedger;
  readonly debugRequests: DebugRequests;
  /** Ends the stream. */
  readonly end: (ending: Ending) => void;
  readonly log: Log;
  readonly metrics: ProxyMetrics;
}

/** More than any Envoy asks for at once: who reaches it asks without end, or has not been heard for very long. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

export class Requests {
  readonly #deps: RequestsDeps;
  readonly #queue = new RequestQueue();
  #isIntroduced = false;
  #listenersRequested = false;
  #closed = false;

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  /** Envoy has sent something: the control plane must not be asked anything before. */
  get isIntroduced(): boolean {
    return this.#isIntroduced;
  }

  /** How many wait, and the memory they take, bytes. */
  get waiting(): { readonly count: number; readonly sizeBytes: number } {
    return { count: this.#queue.length, sizeBytes: this.#queue.sizeBytes };
  }

  /** Takes a request of Envoy; what the agent asks for itself follows the first one for listeners. */
  receive(bytes: Buffer): void {
    if (this.#closed) return; // grpc-js hands out what it had read before the end
    const { kind, metrics, consumers, debugRequests } = this.#deps;
    metrics.requestSize(bytes.length);
    const request = this.#read(bytes);
    if (request === undefined) return;
    const { typeUrl } = request;
    this.#noteAnswer(request);
    this.add({ typeUrl, bytes });
    this.#isIntroduced = true;
    if (isDebugType(typeUrl)) debugRequests.pass(typeUrl);
    if (typeUrl !== LISTENER_TYPE || this.#listenersRequested) return;
    this.#listenersRequested = true;
    for (const type of consumers.keys()) this.add({ typeUrl: type, bytes: subscription(kind, type) });
  }

  /** Puts a request in line; when too many wait, the stream ends. */
  add(request: QueuedRequest): void {
    if (this.#closed) return;
    this.#queue.push(request);
    if (this.#queue.sizeBytes <= MAX_QUEUED_BYTES) return;
    const { count } = this.waiting;
    const details = `the control plane takes no requests: ${count} wait, more than ${MAX_QUEUED_BYTES} bytes`;
    this.#deps.end(new Ending('upstream', Status.RESOURCE_EXHAUSTED, details));
  }

  /** The next one for the control plane, counted; rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<QueuedRequest> {
    const request = await this.#queue.take(signal);
    this.#deps.metrics.request();
    return request;
  }

  /** The stream is over: nothing is taken any more. */
  close(): void {
    this.#closed = true;
  }

  /** Undefined, and the stream is over, when the bytes are no request. */
  #read(bytes: Buffer): RequestFacts | undefined {
    try {
      return readRequest(this.#deps.kind, bytes);
    } catch (error) {
      this.#deps.end(new Ending('downstream', Status.INTERNAL, messageOf(error), error));
      return undefined;
    }
  }

  #noteAnswer(request: RequestFacts): void {
    const { ofEnvoy, metrics, log, id } = this.#deps;
    const verdict = ofEnvoy.onRequest(request);
    if (verdict === undefined) return;
    if (verdict.accepted) return metrics.accepted(request.typeUrl, verdict.afterMs);
    metrics.refused(request.typeUrl, 'client');
    log.warn(`Envoy refused ${shortTypeName(request.typeUrl)}: ${request.refusal}`, { id });
  }
}
