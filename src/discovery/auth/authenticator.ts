// Tells who a caller is, by its client certificate first and then by its token.

import type { X509Certificate } from 'node:crypto';

import { certificateIdentity } from './certificate-identity.ts';
import { AuthenticationError, type Identity } from './identity.ts';
import type { TokenVerifier } from './token-verifier.ts';

export interface Caller {
  /** Signed by this mesh's CA; undefined when none such was shown. */
  readonly certificate: X509Certificate | undefined;
  /** The header's value; undefined when there is none. */
  readonly authorization: string | undefined;
}

export interface AuthenticatorDeps {
  readonly tokens: Pick<TokenVerifier, 'verify'>;
  readonly trustDomain: string;
  /** Wall time, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class Authenticator {
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /** @throws AuthenticationError saying what is wrong with what was shown */
  async identify({ certificate, authorization }: Caller): Promise<Identity> {
    const { tokens, trustDomain, now } = this.#deps;
    if (certificate === undefined) return tokens.verify(authorization);
    try {
      return certificateIdentity(certificate, trustDomain, now());
    } catch (error) {
      if (!(error instanceof AuthenticationError) || authorization === undefined) throw error;
      return tokens.verify(authorization);
    }
  }
}
