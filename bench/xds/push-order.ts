// What a measuring client wants to be sent. It travels as the resource names of an ordinary request, so that the agent
// in between passes it on like any other; a response carries the moment it was sent at as its nonce.

import { messages, requestBytes, responseBytes } from '../../test/xds-proxy/messages.ts';
import { CLUSTER_TYPE } from '../../src/xds/type-urls.ts';

export interface PushOrder {
  /** Of each response, bytes; the message is a little larger. */
  readonly sizeBytes: number;
  readonly count: number;
  readonly pace: Pace;
}

/**
 * `acknowledged`: the next response follows the answer to the last; `50/s`: one every 20 ms; `at once`: as fast as they
 * are taken.
 */
export type Pace = 'acknowledged' | '50/s' | 'at once';

/** Of one resource in a response: as many as a control plane's clusters. */
const RESOURCE_BYTES = 1400;

export function orderBytes({ sizeBytes, count, pace }: PushOrder): Buffer {
  const resourceNames = [String(sizeBytes), String(count), pace];
  return messages.discoveryRequest.encode({
    versionInfo: '',
    typeUrl: CLUSTER_TYPE,
    resourceNames,
    responseNonce: '',
  });
}

/** @returns undefined when the request answers a response */
export function readOrder(request: Buffer): PushOrder | undefined {
  const { resourceNames, responseNonce } = messages.discoveryRequest.decode(request);
  if (responseNonce !== '') return undefined;
  const [size, count, pace] = resourceNames;
  return { sizeBytes: Number(size), count: Number(count), pace: pace as Pace };
}

export function acknowledgement(nonce: string): Buffer {
  return requestBytes('sotw', CLUSTER_TYPE, { versionInfo: 'v1', responseNonce: nonce });
}

/** Everything of a response but its nonce. */
export function responseBody(sizeBytes: number): Buffer {
  const count = Math.ceil(sizeBytes / RESOURCE_BYTES);
  const value = Buffer.alloc(Math.floor(sizeBytes / count), 'x');
  return responseBytes('sotw', CLUSTER_TYPE, { nonce: '', values: Array<Buffer>(count).fill(value) });
}

const NONCE_TAG = 5 * 8 + 2;
const NONCE_DIGITS = 18;

/** The body with the time of this moment, which all processes of a machine share, as its nonce. */
export function stamped(body: Buffer): Buffer {
  const nonce = String(process.hrtime.bigint()).padStart(NONCE_DIGITS, '0');
  return Buffer.concat([body, Buffer.from([NONCE_TAG, NONCE_DIGITS]), Buffer.from(nonce)]);
}

export function nonceOf(response: Buffer): string {
  return response.toString('latin1', response.length - NONCE_DIGITS);
}

/** Since the response was made, milliseconds. */
export function ageMs(response: Buffer): number {
  return Number(process.hrtime.bigint() - BigInt(nonceOf(response))) / 1e6;
}
