// What happens to a response of the control plane: Envoy gets it, a part of the agent takes it, or it is dropped.
// One response at a time. Upstream counterpart: istio pkg/istio-agent/xds_proxy.go handleUpstreamResponse.

import { status as Status } from '@grpc/grpc-js';

import type { Clock } from '../runtime/clock.ts';
import { formatDuration, SECOND_MS } from '../runtime/duration.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable } from '../runtime/tasks.ts';
import { isDebugType, shortTypeName } from '../xds/type-urls.ts';
import type { AckLedger } from './ack-ledger.ts';
import type { DebugRequests } from './debug-requests.ts';
import type { Downstream } from './downstream.ts';
import { Ending } from './endings.ts';
import { answer, readResponse, type Kind, type ResponseFacts } from './envelopes.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { QueuedRequest } from './request-queue.ts';
import { isForwarded, type Consumers } from './routing.ts';

export interface ResponsesDeps {
  readonly id: number;
  readonly kind: Kind;
  readonly client: Downstream;
  readonly consumers: Consumers;
  /** What Envoy is sent is written down here, */
  readonly ofEnvoy: AckLedger;
  /** and here what the agent takes for itself. */
  readonly ofAgent: AckLedger;
  readonly debugRequests: DebugRequests;
  /** Puts a request of the agent in line. */
  readonly request: (request: QueuedRequest) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ProxyMetrics;
}

/** A write towards Envoy that takes longer is worth a warning. */
const SLOW_WRITE_MS = 10 * SECOND_MS;

export class Responses {
  readonly #deps: ResponsesDeps;

  constructor(deps: ResponsesDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when the response has been taken by its receiver.
   *
   * @throws Ending when the bytes are no response, or Envoy cannot be written to; anything once the signal has aborted
   */
  async take(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const { kind, metrics, consumers, debugRequests, clock, log, id } = this.#deps;
    metrics.response();
    const response = readOrEnd(() => readResponse(kind, bytes));
    const { typeUrl } = response;
    metrics.received(typeUrl, bytes.length, clock.now());
    const consume = consumers.get(typeUrl);
    if (consume !== undefined) return this.#consume(response, bytes.length, consume, signal);
    if (isDebugType(typeUrl) && debugRequests.answer(typeUrl, bytes)) return undefined;
    if (isForwarded(typeUrl)) return this.#forward(response, bytes, signal);
    log.error(`Skipping forwarding type url ${typeUrl} to Envoy as is not a valid Envoy type`, { id });
    return undefined;
  }

  /** Only the first resource: name table and proxy config are one resource each. */
  async #consume(
    response: ResponseFacts,
    sizeBytes: number,
    consume: (resource: Uint8Array) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { kind, ofAgent, request, metrics, log, id } = this.#deps;
    const { typeUrl, nonce, firstResource } = response;
    if (firstResource === undefined) return; // nothing to accept, and no answer is expected
    ofAgent.onResponse(response, sizeBytes);
    let refusal: string | undefined;
    try {
      await abortable(Promise.resolve(consume(firstResource)), signal);
    } catch (error) {
      signal.throwIfAborted();
      refusal = messageOf(error);
      log.warn(`refused ${shortTypeName(typeUrl)}: ${refusal}`, { id });
      metrics.refused(typeUrl, 'agent');
    }
    ofAgent.onRequest({ typeUrl, responseNonce: nonce, refusal });
    request({ typeUrl, bytes: answer(kind, response, refusal) });
  }

  async #forward(response: ResponseFacts, bytes: Buffer, signal: AbortSignal): Promise<void> {
    const { client, ofEnvoy, clock, kind, log, id, metrics } = this.#deps;
    ofEnvoy.onResponse(response, bytes.length); // before the write: Envoy may answer before it is done
    const startMs = clock.monotonicMs();
    await abortable(client.write(bytes), signal).catch((error: unknown) => {
      const details = `send error for type url ${response.typeUrl}: ${messageOf(error)}`;
      throw new Ending('downstream', Status.UNKNOWN, details, error);
    });
    const tookMs = clock.monotonicMs() - startMs;
    metrics.writeTook(tookMs);
    if (tookMs <= SLOW_WRITE_MS) return;
    log.warn(`sendDownstream${kind === 'delta' ? 'Delta' : ''} took ${formatDuration(tookMs)}`, { id });
  }
}

function readOrEnd(read: () => ResponseFacts): ResponseFacts {
  try {
    return read();
  } catch (error) {
    throw new Ending('upstream', Status.INTERNAL, messageOf(error), error);
  }
}
