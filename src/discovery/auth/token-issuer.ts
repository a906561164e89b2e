// Makes the tokens that workloads outside a cluster show to this control plane, in the form of a projected service
// account token. The key stays in the state directory.

import { createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';

import type { JWK } from 'jose';

import { generateKeys, parsePrivateKey, privateKeyPem } from '../../pki/keys.ts';
import { ConfigError, messageOf } from '../../runtime/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../runtime/files.ts';
import { subjectOf, type Identity } from './identity.ts';

/** What the CA and the discovery service expect in `aud`. */
export const TOKEN_AUDIENCE = 'istio-ca';

export const TOKEN_ISSUER = 'sidecar-agent/discovery';

const ALGORITHM = 'ES256';
const KEY_FILE = 'token-key.pem';

export class TokenIssuer {
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
  }

  /**
   * Takes the key of the state directory, or makes one there at the first use.
   *
   * @param stateDirectory must exist
   * @throws ConfigError when there is a key file that holds no usable key
   */
  static async open(stateDirectory: string): Promise<TokenIssuer> {
    const path = join(stateDirectory, KEY_FILE);
    const pem = await readTextIfExists(path);
    if (pem !== undefined) return new TokenIssuer(signingKey(path, pem));
    const { privateKey } = await generateKeys({ type: 'ec', curve: 'P-256' });
    await writeFileAtomic(path, privateKeyPem(privateKey, true), 0o600);
    return new TokenIssuer(privateKey);
  }

  /**
   * Signs a token.
   *
   * @param nowMs issue time, milliseconds since the Unix epoch
   * @param ttlSeconds how long it is good for
   */
  async issue(identity: Identity, nowMs: number, ttlSeconds: number): Promise<string> {
    const { SignJWT } = await import('jose');
    const { namespace, serviceAccount } = identity;
    const issuedAt = Math.floor(nowMs / 1000);
    return new SignJWT({ 'kubernetes.io': { namespace, serviceaccount: { name: serviceAccount } } })
      .setProtectedHeader({ alg: ALGORITHM, kid: await this.#keyId() })
      .setIssuer(TOKEN_ISSUER)
      .setAudience(TOKEN_AUDIENCE)
      .setSubject(subjectOf(identity))
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ttlSeconds)
      .sign(this.#key);
  }

  /** The public key, for whoever verifies the tokens. */
  async publicKey(): Promise<JWK> {
    const { exportJWK } = await import('jose');
    const jwk = await exportJWK(createPublicKey(this.#key));
    return { ...jwk, kid: await this.#keyId(), alg: ALGORITHM, use: 'sig' };
  }

  async #keyId(): Promise<string> {
    const { calculateJwkThumbprint, exportJWK } = await import('jose');
    return calculateJwkThumbprint(await exportJWK(createPublicKey(this.#key)));
  }
}

function signingKey(path: string, pem: string): KeyObject {
  try {
    const key = parsePrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch (error) {
    throw new ConfigError(`cannot use the token key ${path}: ${messageOf(error)}`, { cause: error });
  }
  throw new ConfigError(`cannot use the token key ${path}: it is not a P-256 key`);
}
