// The debug page about the streams of Envoy to the control plane, as JSON: where each goes, and what Envoy, or the
// agent itself, was sent last of each type and said to it. No resource is in what it is made of.

import type { EnvoySnapshot } from '../envoy/snapshot.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { shortTypeName } from '../xds/type-urls.ts';
import type { XdsProxySnapshot } from '../xds-proxy/proxy.ts';

type GenerationState = XdsProxySnapshot['generations'][number];
type TypeState = GenerationState['perType'][string];
type Stream = NonNullable<GenerationState['stream']>;

/**
 * @param nowMs wall time
 * @returns plain data; times are RFC 3339, null where there is none
 */
export function xdsPage(xds: XdsProxySnapshot, envoy: EnvoySnapshot, nowMs: number): unknown {
  const { generations, lastUpstreamError } = xds;
  const epochs = epochsOf(envoy);
  return {
    generations: generations.map((state) => generationFacts(state, epochs.get(state.generation), nowMs)),
    lastUpstreamError: lastUpstreamError ?? null,
  };
}

function generationFacts(state: GenerationState, epoch: number | undefined, nowMs: number): unknown {
  const { generation, connected, stream, lastEnd, perType, ofAgent } = state;
  return {
    generation,
    epoch: epoch ?? null,
    connected,
    stream: stream === undefined ? null : streamFacts(stream),
    lastEnd: lastEnd ?? null,
    types: [...typeRows('envoy', perType, nowMs), ...typeRows('agent', ofAgent ?? {}, nowMs)],
  };
}

/** By generation; epochs are counted anew when Envoy is started without its predecessor. */
function epochsOf({ active, candidate, draining, history }: EnvoySnapshot): ReadonlyMap<number, number> {
  const known = [...history, ...draining, active, candidate].filter((each) => each !== undefined);
  return new Map(known.map(({ generation, epoch }) => [generation, epoch]));
}

function streamFacts(stream: Stream): unknown {
  const { id, kind, openedAt, connectedAt, upstreamAddress, queuedRequests, queuedBytes } = stream;
  return {
    id,
    kind,
    opened: openedAt,
    connected: connectedAt ?? null,
    controlPlane: upstreamAddress ?? null,
    queuedRequests,
    queuedBytes,
  };
}

type Receiver = 'envoy' | 'agent';

/** Sorted by the short name; the receiver is who is sent the type, and answers. */
function typeRows(
  receiver: Receiver,
  states: Readonly<Record<string, TypeState>>,
  nowMs: number,
): readonly unknown[] {
  return Object.entries(states)
    .map(([typeUrl, state]) => typeRow(receiver, typeUrl, state, nowMs))
    .toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

function typeRow(receiver: Receiver, typeUrl: string, state: TypeState, nowMs: number): { type: string } {
  const { requested, lastVersion, lastNonce, nackMessage, sizeBytes, receivedAt, answeredAfterMs } = state;
  const row = {
    type: shortTypeName(typeUrl),
    typeUrl,
    receiver,
    requested,
    version: lastVersion,
    nonce: lastNonce,
    answer: answerOf(state),
    refusal: nackMessage ?? null,
    answeredAfterMs: answeredAfterMs === undefined ? null : Math.round(answeredAfterMs * 10) / 10,
    sizeBytes: sizeBytes ?? null,
    received: receivedAt ?? null,
    ageSeconds: receivedAt === undefined ? null : (nowMs - receivedAt.getTime()) / SECOND_MS,
  };
  return row;
}

function answerOf({ acked, nackMessage }: TypeState): 'ACK' | 'NACK' | null {
  if (nackMessage !== undefined) return 'NACK';
  return acked ? 'ACK' : null;
}
