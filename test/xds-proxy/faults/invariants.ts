// What must be true of the streams at every moment, and when all of them are over.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { getEventListeners } from 'node:events';

import { readRequest, readResponse, type ResponseFacts } from '../../../src/xds-proxy/envelopes.ts';
import { isForwarded } from '../../../src/xds-proxy/routing.ts';
import { MalformedMessage } from '../../../src/xds-proxy/wire-scanner.ts';
import { LISTENER_TYPE, NAME_TABLE_TYPE } from '../../../src/xds/type-urls.ts';
import { DEBUG_TYPE, type FaultWorld, type Stream } from './fault-world.ts';
import type { FakeUpstream } from './fake-upstream.ts';

const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** A response is looked at after every step. */
const KNOWN = new WeakMap<Buffer, ResponseFacts | undefined>();

/** A wait of a session for each side, and what joins it to them. */
const MAX_LISTENERS = 4;

/** To be checked when everything has come to rest after a step. */
export function checkStreams(world: FaultWorld): void {
  for (const stream of world.streams) {
    checkResponses(world, stream);
    checkRequests(stream);
    ok(stream.envoy.pendingWrites <= 1, `${stream.id}: one response at a time`);
  }
  for (const { stream } of world.sessions.snapshot().generations) {
    ok((stream?.queuedBytes ?? 0) <= MAX_QUEUED_BYTES, `${stream?.id}: requests are bounded`);
  }
  for (const signal of world.signals) {
    ok(getEventListeners(signal, 'abort').length <= (signal.aborted ? 0 : MAX_LISTENERS), 'listeners');
  }
  const open = world.streams.filter(({ envoy }) => !envoy.isOver).map(({ generation }) => generation);
  equal(new Set(open).size, open.length, 'one stream of a generation');
}

/** To be checked when the proxy has been closed. */
export function checkEnd(world: FaultWorld): void {
  equal(world.clock.sleepers, 0, 'no timer is left');
  equal(world.questions.over, world.questions.asked, 'every question comes to an end');
  for (const upstream of world.upstreams.values()) ok(upstream.isClosed, `${upstream.peer} is closed`);
  for (const stream of world.streams) {
    ok(stream.envoy.isOver, `${stream.id}: Envoy knows the end`);
    ok(stream.envoy.statuses.length <= 1, `${stream.id}: is ended once`);
    checkTold(world, stream);
  }
  equal(
    world.sessions.snapshot().generations.some(({ stream }) => stream !== undefined),
    false,
  );
}

/** What Envoy has is what it was sent, in order; all of it, unless it does not read or the stream is over. */
function checkResponses(world: FaultWorld, { id, kind, envoy, upstream }: Stream): void {
  const sent = (upstream?.sent ?? []).filter((bytes) => isForEnvoy(kind, bytes));
  const endedInOrder = upstream?.gaveAll === true && toldEnd(world, id).startsWith('upstream');
  const isWhole = endedInOrder || (!envoy.isOver && envoy.reads);
  equal(isWhole ? envoy.received.length : 0, isWhole ? sent.length : 0, `${id}: no response is lost`);
  for (const [at, bytes] of envoy.received.entries())
    ok(bytes === sent[at], `${id}: response ${at} in order`);
}

/** What the control plane has is what Envoy asked, in order, with what the agent asks for itself in between. */
function checkRequests({ id, kind, envoy, upstream, requested }: Stream): void {
  if (upstream === undefined) return;
  const asked = new Set(requested);
  const ofEnvoy = upstream.received.filter((bytes) => asked.has(bytes));
  const isWhole = !envoy.isOver && upstream.reads;
  ok(!isWhole || ofEnvoy.length === requested.length, `${id}: no request is lost`);
  for (const [at, bytes] of ofEnvoy.entries()) ok(bytes === requested[at], `${id}: request ${at} in order`);
  for (const { responseNonce } of upstream.received.map((bytes) => readRequest(kind, bytes))) {
    const isOwn =
      responseNonce === '' || responseNonce === 'wrong' || responseNonce.startsWith(upstream.peer);
    ok(isOwn, `${id}: ${responseNonce} reaches the stream that asked`);
  }
  const own = upstream.received.filter((bytes) => !asked.has(bytes)).map((bytes) => readRequest(kind, bytes));
  checkOwnRequests({ id, kind, upstream, envoy }, own, isWhole);
}

function checkOwnRequests(
  { id, kind, upstream, envoy }: Pick<Stream, 'id' | 'kind' | 'envoy'> & { readonly upstream: FakeUpstream },
  own: readonly ReturnType<typeof readRequest>[],
  isWhole: boolean,
): void {
  const types = upstream.received.map((bytes) => readRequest(kind, bytes).typeUrl);
  const firstListeners = types.indexOf(LISTENER_TYPE);
  const subscriptions = own.filter(
    ({ typeUrl, responseNonce }) => typeUrl !== DEBUG_TYPE && responseNonce === '',
  );
  ok(subscriptions.length <= (firstListeners < 0 ? 0 : 1), `${id}: the name table is subscribed once`);
  if (firstListeners >= 0 && firstListeners + 1 < types.length) {
    equal(types[firstListeners + 1], NAME_TABLE_TYPE, `${id}: right after the listeners`);
  }
  const answered = own.map(({ responseNonce }) => responseNonce).filter((nonce) => nonce !== '');
  const toAnswer = upstream.sent
    .filter((bytes) => isTable(kind, bytes))
    .map((it) => readResponse(kind, it).nonce);
  deepEqual(answered, toAnswer.slice(0, answered.length), `${id}: answers of the agent`);
  if (isWhole && envoy.reads) equal(answered.length, toAnswer.length, `${id}: every table is answered`);
}

/** Each end is told once, for a reason there was, and counted as what it is. */
function checkTold(world: FaultWorld, { id, causes }: Stream): void {
  const [end, ...more] = world.ends.get(id) ?? [];
  equal(more.length, 0, `${id}: told once`);
  const parts = /^(\w+) terminated with (status|unexpected error) (.*)$/.exec(toldEnd(world, id));
  const [, side, how, text] = parts ?? ['', '', '', ''];
  const cause = causes.find(
    ({ told, counts }) =>
      `${side} ${text}`.startsWith(told) &&
      (end?.counted ?? []).join() === (counts ?? '') &&
      (how === 'unexpected error') === (counts?.endsWith('cancelled') === false),
  );
  ok(cause, `${id}: ${end?.record.message} counted as ${end?.counted.join()} of ${JSON.stringify(causes)}`);
}

function toldEnd(world: FaultWorld, id: number): string {
  return world.ends.get(id)?.[0]?.record.message ?? '';
}

function isForEnvoy(kind: Stream['kind'], bytes: Buffer): boolean {
  const response = factsOf(kind, bytes);
  return response !== undefined && isForwarded(response.typeUrl);
}

function isTable(kind: Stream['kind'], bytes: Buffer): boolean {
  const response = factsOf(kind, bytes);
  return response?.typeUrl === NAME_TABLE_TYPE && response.resourceCount > 0;
}

/** Undefined for half a frame. Read once: what was sent stays the same. */
function factsOf(kind: Stream['kind'], bytes: Buffer): ResponseFacts | undefined {
  if (!KNOWN.has(bytes)) KNOWN.set(bytes, readFacts(kind, bytes));
  return KNOWN.get(bytes);
}

function readFacts(kind: Stream['kind'], bytes: Buffer): ResponseFacts | undefined {
  try {
    return readResponse(kind, bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}
