// Carries out the steps of one schedule in a world.

import { status as Status } from '@grpc/grpc-js';

import { readResponse } from '../../../src/xds-proxy/envelopes.ts';
import {
  CLUSTER_TYPE,
  LISTENER_TYPE,
  NAME_TABLE_TYPE,
  PROXY_CONFIG_TYPE,
} from '../../../src/xds/type-urls.ts';
import { requestBytes, responseBytes } from '../messages.ts';
import { BAD_TABLE, DEBUG_TYPE, type FaultWorld, type Stream } from './fault-world.ts';
import type { End, RequestForm, ResponseForm, Step } from './steps.ts';

type StreamStep = Extract<Step, { readonly stream: number }>;

/** Its last field is said to be longer than what is there. */
const MALFORMED = Buffer.from('227f616263', 'hex');

/** A field nobody knows, and no type. */
const NONSENSE = Buffer.from('9a0602fffe', 'hex');

/** Nothing here depends on a size but what may wait, and that is of FLOODING. */
const LARGE = Buffer.alloc(64 * 1024, 1);

/** More than may wait; the same bytes each time, which the test holds only once. */
const FLOOD = 70;

/** A field nobody knows, number 99, of 2^20 bytes. */
const FLOODING = Buffer.concat([Buffer.from('9a06808040', 'hex'), Buffer.alloc(1024 * 1024)]);

export class Schedule {
  readonly #world: FaultWorld;
  #nonces = 0;

  constructor(world: FaultWorld) {
    this.#world = world;
  }

  /** A step that means a stream that there is not does nothing. Time passes afterwards, by the caller. */
  take(step: Step): void {
    const world = this.#world;
    if (step.what === 'open') this.#open(step);
    else if (step.what === 'reach') world.reach = step.reach;
    else if (step.what === 'question') world.ask(step.generation);
    else if (step.what !== 'wait') {
      const stream = world.streams.at(-1 - step.stream);
      if (stream !== undefined) this.#act(step, stream);
    }
  }

  /** What ends all streams. */
  close(): Promise<void> {
    for (const { causes } of this.#world.streams) {
      causes.push({ told: 'agent 0 OK: the agent stops', counts: undefined });
    }
    return this.#world.sessions.close();
  }

  #open({ generation, kind }: Extract<Step, { what: 'open' }>): void {
    for (const { causes } of this.#world.streams.filter((older) => older.generation === generation)) {
      causes.push({ told: 'agent 0 OK: replaced', counts: undefined });
    }
    this.#world.open(generation, kind);
  }

  #act(step: StreamStep, stream: Stream): void {
    const { envoy, upstream, causes } = stream;
    switch (step.what) {
      case 'request':
        return this.#request(step.form, stream);
      case 'flood':
        return flood(stream);
      case 'envoy reads':
        return envoy.setReading(step.reads);
      case 'half-close':
        causes.push({ told: 'downstream 0 OK: OK', counts: 'downstreamEnded:cancelled' });
        return envoy.halfClose();
      case 'cut':
        causes.push({ told: 'downstream 1 CANCELLED: client', counts: 'downstreamEnded:cancelled' });
        return envoy.cut();
      case 'failing write':
        causes.push({
          told: 'downstream 2 UNKNOWN: send error for type url',
          counts: 'downstreamEnded:error',
        });
        return envoy.failWrite();
      case 'response':
        for (let n = 0; n < step.count; n++) this.#respond(step.form, stream);
        return undefined;
      case 'control plane reads':
        return upstream?.setReading(step.reads);
      case 'failing send':
        causes.push({ told: 'upstream 2 UNKNOWN: send error for type url', counts: 'upstreamEnded:error' });
        return upstream?.failNextSend();
      case 'end':
        causes.push(causeOf(step.end));
        return upstream?.endWith(step.end.code, step.end.details);
      case 'reset':
        causes.push(causeOf(step.end));
        return upstream?.reset(step.end.code, step.end.details);
    }
  }

  #request(form: RequestForm, { kind, envoy, requested, causes }: Stream): void {
    const isOver = envoy.isOver;
    const bytes = this.#requestBytes(form, kind, envoy.received.at(-1));
    if (form === 'malformed') {
      causes.push({ told: 'downstream 13 INTERNAL: malformed', counts: 'downstreamEnded:error' });
    } else if (!isOver) requested.push(bytes);
    envoy.request(bytes);
  }

  #requestBytes(form: RequestForm, kind: Stream['kind'], last: Buffer | undefined): Buffer {
    if (form === 'malformed') return MALFORMED;
    if (form === 'nonsense') return Buffer.from(NONSENSE);
    if (form === 'listeners') return requestBytes(kind, LISTENER_TYPE);
    if (form === 'wrong nonce') return requestBytes(kind, CLUSTER_TYPE, { responseNonce: 'wrong' });
    if (form === 'subscribe' || last === undefined) return requestBytes(kind, CLUSTER_TYPE);
    const { typeUrl, version, nonce } = readResponse(kind, last);
    const answer = { versionInfo: version, responseNonce: nonce };
    if (form === 'ack') return requestBytes(kind, typeUrl, answer);
    return requestBytes(kind, typeUrl, { ...answer, errorDetail: { code: 13, message: 'refused' } });
  }

  #respond(form: ResponseForm, { kind, upstream, causes }: Stream): void {
    if (upstream === undefined) return;
    const nonce = `${upstream.peer}/${++this.#nonces}`;
    const make = (typeUrl: string, values: readonly Buffer[]): Buffer =>
      responseBytes(kind, typeUrl, { version: `v${this.#nonces}`, nonce, values });
    if (form === 'half a frame') {
      causes.push({ told: 'upstream 13 INTERNAL: malformed', counts: 'upstreamEnded:error' });
    }
    upstream.respond(responseOf(form, make));
  }
}

function responseOf(
  form: ResponseForm,
  make: (typeUrl: string, values: readonly Buffer[]) => Buffer,
): Buffer {
  const small = Buffer.from('resource');
  switch (form) {
    case 'clusters':
      return make(CLUSTER_TYPE, [small]);
    case 'listeners':
      return make(LISTENER_TYPE, [small, small]);
    case 'large':
      return make(CLUSTER_TYPE, [LARGE]);
    case 'name table':
      return make(NAME_TABLE_TYPE, [small]);
    case 'bad name table':
      return make(NAME_TABLE_TYPE, [Buffer.from(BAD_TABLE)]);
    case 'empty name table':
      return make(NAME_TABLE_TYPE, []);
    case 'not for Envoy':
      return make(PROXY_CONFIG_TYPE, [small]);
    case 'debug answer':
      return make(DEBUG_TYPE, [small]);
    case 'nonsense':
      return NONSENSE;
    case 'half a frame':
      return make(CLUSTER_TYPE, [small]).subarray(0, -1);
  }
}

/** Only where the control plane does not read: elsewhere requests do not pile up. */
function flood({ envoy, upstream, causes, requested }: Stream): void {
  if (upstream?.reads === true) return;
  causes.push({ told: 'upstream 8 RESOURCE_EXHAUSTED: the control', counts: 'upstreamEnded:error' });
  for (let n = 0; n < FLOOD; n++) {
    if (!envoy.isOver) requested.push(FLOODING);
    envoy.request(FLOODING);
  }
}

function causeOf({ code, details, counts }: End): Stream['causes'][number] {
  return { told: `upstream ${code} ${Status[code]}: ${details}`, counts: `upstreamEnded:${counts}` };
}
