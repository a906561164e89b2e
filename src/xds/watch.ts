// What a client watches of one type, as both kinds of stream show it.

import type { Status } from '../proto/messages.ts';

export interface Watch {
  readonly wildcard: boolean;
  /** Asked by name; under a wildcard, in addition to everything. */
  readonly names: ReadonlySet<string>;
  /** Nonce of the last response sent; empty before the first. */
  readonly nonceSent: string;
  /** Nonce of the last response the client accepted; empty before the first. */
  readonly nonceAcked: string;
  /** Why the client refused the last response; undefined once it accepts one. */
  readonly refusal: Status | undefined;
}
