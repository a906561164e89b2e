// What may happen to the streams of several Envoys, one step after the other; drawn at random.

import { status as Status } from '@grpc/grpc-js';
import * as fc from 'fast-check';

import type { Kind } from '../../../src/xds-proxy/envelopes.ts';

/** How the next attempts to reach the control plane go. */
export type Reach = 'served' | 'refused' | 'silent' | 'not built';

/** Of Envoy: what it says about the responses it has got, or what no Envoy would say. */
export type RequestForm =
  | 'subscribe'
  | 'listeners'
  | 'ack'
  | 'nack'
  | 'wrong nonce'
  | 'nonsense'
  | 'malformed';

/** Of the control plane. */
export type ResponseForm =
  | 'clusters'
  | 'listeners'
  | 'large'
  | 'name table'
  | 'bad name table'
  | 'empty name table'
  | 'not for Envoy'
  | 'debug answer'
  | 'nonsense'
  | 'half a frame';

export interface End {
  readonly code: Status;
  readonly details: string;
  /** What it has to count as. */
  readonly counts: 'cancelled' | 'error';
}

export const ENDS: readonly End[] = [
  { code: Status.OK, details: 'OK', counts: 'cancelled' },
  { code: Status.CANCELLED, details: 'the server stops', counts: 'cancelled' },
  { code: Status.UNAVAILABLE, details: 'Connection dropped', counts: 'cancelled' },
  { code: Status.INTERNAL, details: 'Received RST_STREAM with code 0 (no status)', counts: 'cancelled' },
  { code: Status.INTERNAL, details: 'Received RST_STREAM with code 2', counts: 'error' },
  { code: Status.UNAVAILABLE, details: 'server is not ready', counts: 'error' },
  { code: Status.UNAUTHENTICATED, details: 'authentication failure', counts: 'error' },
  { code: Status.RESOURCE_EXHAUSTED, details: 'request rate limit exceeded', counts: 'error' },
];

/** `stream` picks one of those there have been, the newest first; those that are over are meant, too. */
export type Step =
  | { readonly what: 'open'; readonly generation: number; readonly kind: Kind }
  | { readonly what: 'request'; readonly stream: number; readonly form: RequestForm }
  | { readonly what: 'flood'; readonly stream: number }
  | { readonly what: 'envoy reads'; readonly stream: number; readonly reads: boolean }
  | { readonly what: 'half-close' | 'cut' | 'failing write'; readonly stream: number }
  | {
      readonly what: 'response';
      readonly stream: number;
      readonly form: ResponseForm;
      readonly count: number;
    }
  | { readonly what: 'control plane reads'; readonly stream: number; readonly reads: boolean }
  | { readonly what: 'end' | 'reset'; readonly stream: number; readonly end: End }
  | { readonly what: 'failing send'; readonly stream: number }
  | { readonly what: 'reach'; readonly reach: Reach }
  | { readonly what: 'question'; readonly generation: number }
  | { readonly what: 'wait'; readonly ms: number };

const stream = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 1 }) },
  fc.integer({ min: 2, max: 5 }),
);
const generation = fc.integer({ min: 0, max: 2 });
const reads = fc.boolean();
const end = fc.constantFrom(...ENDS);

function step<T>(weight: number, what: string, parts: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  const arbitrary = fc.record({ what: fc.constant(what), ...parts }) as unknown as fc.Arbitrary<Step>;
  return { weight, arbitrary };
}

const requestForm = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom<RequestForm>('subscribe', 'listeners', 'ack', 'ack', 'nack') },
  { weight: 2, arbitrary: fc.constantFrom<RequestForm>('wrong nonce', 'nonsense') },
  { weight: 1, arbitrary: fc.constant<RequestForm>('malformed') },
);
const responseForm = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<ResponseForm>('clusters', 'listeners', 'name table') },
  {
    weight: 4,
    arbitrary: fc.constantFrom<ResponseForm>(
      'large',
      'bad name table',
      'empty name table',
      'not for Envoy',
      'debug answer',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<ResponseForm>('nonsense', 'half a frame') },
);
const reach = fc.constantFrom<Reach>('served', 'served', 'served', 'refused', 'silent', 'not built');

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  step(12, 'open', { generation, kind: fc.constantFrom('sotw', 'delta') }),
  step(30, 'request', { stream, form: requestForm }),
  step(1, 'flood', { stream }),
  step(5, 'envoy reads', { stream, reads }),
  step(2, 'half-close', { stream }),
  step(2, 'cut', { stream }),
  step(1, 'failing write', { stream }),
  step(30, 'response', { stream, form: responseForm, count: fc.integer({ min: 1, max: 4 }) }),
  step(5, 'control plane reads', { stream, reads }),
  step(3, 'end', { stream, end }),
  step(2, 'reset', { stream, end }),
  step(1, 'failing send', { stream }),
  step(4, 'reach', { reach }),
  step(2, 'question', { generation }),
  step(8, 'wait', {
    ms: fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 1500, max: 30_000 })),
  }),
);

/** Steps of one schedule at most. */
const LENGTH = 80;

export const schedules: fc.Arbitrary<readonly Step[]> = fc.array(anyStep, { maxLength: LENGTH, size: 'max' });
