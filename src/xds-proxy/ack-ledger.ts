// What a client has asked for, received and accepted on one stream, by resource type. Kept for readiness and for
// the decision whether a hot restart may begin; it never influences what is forwarded.

import type { RequestFacts, ResponseFacts } from './envelopes.ts';

export interface TypeState {
  /** The client has sent a request of this type. */
  readonly requested: boolean;
  /** Version and nonce of the last response forwarded; empty before the first. */
  readonly lastVersion: string;
  readonly lastNonce: string;
  /** The client has accepted exactly that response. */
  readonly acked: boolean;
  /** The client's words when it refused that response. */
  readonly nackMessage?: string;
}

const NOTHING: TypeState = { requested: false, lastVersion: '', lastNonce: '', acked: false };

export class AckLedger {
  readonly #types = new Map<string, TypeState>();

  /** @returns true when the request refuses the last response with words not heard for it before */
  onRequest(request: RequestFacts): boolean {
    const { nackMessage, ...old } = this.#types.get(request.typeUrl) ?? NOTHING;
    const answersLast = request.responseNonce !== '' && request.responseNonce === old.lastNonce;
    const refusal = answersLast ? request.refusal : nackMessage;
    this.#types.set(request.typeUrl, {
      ...old,
      requested: true,
      acked: answersLast ? refusal === undefined : old.acked,
      ...(refusal !== undefined && { nackMessage: refusal }),
    });
    return answersLast && refusal !== undefined && refusal !== nackMessage;
  }

  onResponse({ typeUrl, version, nonce }: ResponseFacts): void {
    const { requested } = this.#types.get(typeUrl) ?? NOTHING;
    this.#types.set(typeUrl, { requested, lastVersion: version, lastNonce: nonce, acked: false });
  }

  snapshot(): Readonly<Record<string, TypeState>> {
    return Object.fromEntries(this.#types);
  }
}
