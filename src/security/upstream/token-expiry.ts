// When the token in use is over, and one warning for each token that already is. It is sent all the same: the clock
// that counts is the control plane's.

import type { Clock } from '../../runtime/clock.ts';
import { excerpt } from '../../runtime/excerpt.ts';
import type { Log } from '../../runtime/log.ts';
import { tokenClaims } from './jwt.ts';

export class TokenExpiry {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #log: Log;
  #expiresMs: number | undefined;
  #warnedOf: string | undefined;

  constructor({ clock, log }: { readonly clock: Pick<Clock, 'now'>; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Of the token looked at last; undefined when it names no time. */
  get expiresMs(): number | undefined {
    return this.#expiresMs;
  }

  /** @param origin names the token in the warning, which shows nothing else of it than times and audiences */
  look(token: string, origin: string): void {
    const claims = tokenClaims(token);
    this.#expiresMs = claims?.expiresMs;
    if (claims?.expiresMs === undefined || claims.expiresMs > this.#clock.now()) return;
    if (token === this.#warnedOf) return;
    this.#warnedOf = token;
    const when = new Date(claims.expiresMs).toISOString();
    const audiences = excerpt(JSON.stringify(claims.audiences));
    this.#log.warn(`the token ${origin} has expired: exp ${when}, aud ${audiences}`);
  }
}
