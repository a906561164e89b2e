// Tells who a caller is from the token it shows.

import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';

import { ConfigError, messageOf } from '../../runtime/errors.ts';
import { AuthenticationError, identityOf, type Identity } from './identity.ts';
import { TOKEN_AUDIENCE } from './token-issuer.ts';

export interface TokenVerifierDeps {
  /** Each set's keys are trusted alike; the first one that has the token's key decides. */
  readonly keySets: readonly JSONWebKeySet[];
  /** Wall time, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Clocks of control plane and token source may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 5;

export class TokenVerifier {
  readonly #deps: TokenVerifierDeps;
  #keys: readonly JWTVerifyGetKey[] | undefined;

  constructor(deps: TokenVerifierDeps) {
    this.#deps = deps;
  }

  /**
   * Checks signature, audience and times.
   *
   * @param authorization the header's value, or undefined when there is none
   * @throws AuthenticationError saying what is wrong with it
   */
  async verify(authorization: string | undefined): Promise<Identity> {
    const token = bearerToken(authorization);
    const reasons: string[] = [];
    for (const key of await this.#loadKeys()) {
      const { payload, reason } = await this.#tryKey(token, key);
      if (payload !== undefined) return identityOf(payload.sub);
      reasons.push(reason);
    }
    throw new AuthenticationError(
      reasons.find((reason) => reason !== NO_KEY) ?? 'the token is signed with an unknown key',
    );
  }

  async #tryKey(token: string, key: JWTVerifyGetKey): Promise<{ payload?: JWTPayload; reason: string }> {
    const { errors, jwtVerify } = await import('jose');
    try {
      const { payload } = await jwtVerify(token, key, {
        audience: TOKEN_AUDIENCE,
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(this.#deps.now()),
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
      return { payload, reason: '' };
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return { reason: NO_KEY };
      if (error instanceof errors.JOSEError) return { reason: `the token is not valid: ${error.message}` };
      throw error;
    }
  }

  async #loadKeys(): Promise<readonly JWTVerifyGetKey[]> {
    if (this.#keys === undefined) {
      const { createLocalJWKSet } = await import('jose');
      this.#keys = this.#deps.keySets.map((set) => createLocalJWKSet(set));
    }
    return this.#keys;
  }
}

const NO_KEY = 'no key';

/**
 * Reads a JWKS document.
 *
 * @param origin where the text is from, for the error
 * @throws ConfigError
 */
export function parseKeySet(text: string, origin: string): JSONWebKeySet {
  try {
    const json: unknown = JSON.parse(text);
    const keys = typeof json === 'object' && json !== null && 'keys' in json ? json.keys : undefined;
    if (Array.isArray(keys) && keys.length > 0) return { keys };
  } catch (error) {
    throw new ConfigError(`${origin} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  throw new ConfigError(`${origin} is not a JWKS: it has no list of keys`);
}

function bearerToken(authorization: string | undefined): string {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw new AuthenticationError(
    authorization === undefined ? 'no token was sent' : 'no Bearer token was sent',
  );
}
