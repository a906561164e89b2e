// What one receiver has asked for, been sent and accepted on one stream, by resource type: for readiness, for the
// decision whether a hot restart may begin, and for those who look. It never influences what is forwarded.

import type { Clock } from '../runtime/clock.ts';
import type { RequestFacts, ResponseFacts } from './envelopes.ts';

export interface TypeState {
  /** The receiver has sent a request of this type. */
  readonly requested: boolean;
  /** Version and nonce of the last response; empty before the first. */
  readonly lastVersion: string;
  readonly lastNonce: string;
  /** The receiver has accepted exactly that response. */
  readonly acked: boolean;
  /** Its words when it refused that response. */
  readonly nackMessage?: string;
  /** Of that response, bytes; absent before the first. */
  readonly sizeBytes?: number;
  /** When that response came. */
  readonly receivedAt?: Date;
  /** From that response to the receiver's answer; absent before the answer. */
  readonly answeredAfterMs?: number;
}

/** What a request says of a response. */
export interface Verdict {
  readonly accepted: boolean;
  /** Since that response. */
  readonly afterMs: number;
}

interface Entry {
  readonly state: TypeState;
  /** When the responses came that are not answered yet, by their nonce, the oldest first. */
  readonly unanswered: Map<string, number>;
}

/** There are about a dozen types; more than this are made up, and what is made up is not written down for ever. */
const MAX_TYPES = 64;

/** Of one type; who leaves more unanswered answers none. */
const MAX_UNANSWERED = 64;

export class AckLedger {
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Pick<Clock, 'now' | 'monotonicMs'>) {
    this.#clock = clock;
  }

  /**
   * Only the first request with a nonce is an answer: Envoy repeats the nonce when it changes its subscription, also
   * one it has refused.
   *
   * @returns undefined when the request answers no response
   */
  onRequest({ typeUrl, responseNonce, refusal }: RequestFacts): Verdict | undefined {
    const { state: old, unanswered } = this.#entry(typeUrl);
    const receivedMs = unanswered.get(responseNonce);
    unanswered.delete(responseNonce);
    const accepted = refusal === undefined;
    const nowMs = this.#clock.monotonicMs();
    const verdict = receivedMs === undefined ? undefined : { accepted, afterMs: nowMs - receivedMs };
    const ofLast = responseNonce === old.lastNonce ? verdict : undefined;
    const answered = ofLast && { acked: accepted, answeredAfterMs: ofLast.afterMs };
    const nack = ofLast && !accepted && { nackMessage: refusal };
    this.#set(typeUrl, { state: { ...old, requested: true, ...answered, ...nack }, unanswered });
    return verdict;
  }

  /** @param sizeBytes of the whole message */
  onResponse({ typeUrl, version, nonce }: ResponseFacts, sizeBytes: number): void {
    const { state: before, unanswered } = this.#entry(typeUrl);
    const { requested } = before;
    const receivedAt = new Date(this.#clock.now());
    const state = { requested, lastVersion: version, lastNonce: nonce, acked: false, sizeBytes, receivedAt };
    this.#set(typeUrl, { state, unanswered });
    if (nonce === '') return; // every subscription would be an answer to it
    unanswered.set(nonce, this.#clock.monotonicMs());
    const [oldest = ''] = unanswered.keys();
    if (unanswered.size > MAX_UNANSWERED) unanswered.delete(oldest);
  }

  snapshot(): Readonly<Record<string, TypeState>> {
    return Object.fromEntries([...this.#entries].map(([typeUrl, { state }]) => [typeUrl, state]));
  }

  #entry(typeUrl: string): Entry {
    const state = { requested: false, lastVersion: '', lastNonce: '', acked: false };
    return this.#entries.get(typeUrl) ?? { state, unanswered: new Map() };
  }

  #set(typeUrl: string, entry: Entry): void {
    if (this.#entries.size < MAX_TYPES || this.#entries.has(typeUrl)) this.#entries.set(typeUrl, entry);
  }
}
