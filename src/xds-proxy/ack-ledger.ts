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

/** What a request says of the last response. */
export interface Verdict {
  readonly accepted: boolean;
  readonly afterMs: number;
}

interface Entry {
  readonly state: TypeState;
  readonly receivedMs: number;
}

const NOTHING: Entry = {
  state: { requested: false, lastVersion: '', lastNonce: '', acked: false },
  receivedMs: 0,
};

/** There are about a dozen types; more than this are made up, and what is made up is not written down for ever. */
const MAX_TYPES = 64;

export class AckLedger {
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Pick<Clock, 'now' | 'monotonicMs'>) {
    this.#clock = clock;
  }

  /**
   * A refusal stands until the next response: Envoy repeats the nonce it refused when it changes its subscription.
   *
   * @returns undefined when the request says nothing of the last response, or repeats itself
   */
  onRequest({ typeUrl, responseNonce, refusal }: RequestFacts): Verdict | undefined {
    const { state: old, receivedMs } = this.#entries.get(typeUrl) ?? NOTHING;
    const state = { ...old, requested: true };
    const accepted = refusal === undefined;
    const answersLast = responseNonce !== '' && responseNonce === old.lastNonce;
    if (!answersLast || old.nackMessage !== undefined || (old.acked && accepted)) {
      this.#set(typeUrl, { state, receivedMs });
      return undefined;
    }
    const afterMs = this.#clock.monotonicMs() - receivedMs;
    const nack = accepted ? {} : { nackMessage: refusal };
    this.#set(typeUrl, {
      state: { ...state, acked: accepted, answeredAfterMs: afterMs, ...nack },
      receivedMs,
    });
    return { accepted, afterMs };
  }

  /** @param sizeBytes of the whole message */
  onResponse({ typeUrl, version, nonce }: ResponseFacts, sizeBytes: number): void {
    const { requested } = (this.#entries.get(typeUrl) ?? NOTHING).state;
    const receivedAt = new Date(this.#clock.now());
    const state = { requested, lastVersion: version, lastNonce: nonce, acked: false, sizeBytes, receivedAt };
    this.#set(typeUrl, { state, receivedMs: this.#clock.monotonicMs() });
  }

  snapshot(): Readonly<Record<string, TypeState>> {
    return Object.fromEntries([...this.#entries].map(([typeUrl, { state }]) => [typeUrl, state]));
  }

  #set(typeUrl: string, entry: Entry): void {
    if (this.#entries.size < MAX_TYPES || this.#entries.has(typeUrl)) this.#entries.set(typeUrl, entry);
  }
}
