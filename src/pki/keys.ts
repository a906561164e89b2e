// Private keys: which kind, generation off the event loop, and their PEM forms.

import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

import { AgentError } from '../runtime/errors.ts';
import { formatPem, parsePem, PemError } from './pem.ts';

export type KeyAlgorithm =
  | { readonly type: 'rsa'; readonly bits: number }
  | { readonly type: 'ec'; readonly curve: 'P-256' | 'P-384' };

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface KeyOptions {
  /** `ECDSA`, or empty for RSA. */
  readonly eccSignatureAlgorithm: string;
  /** `P384`; anything else is P-256. */
  readonly eccCurve: string;
  /** Bits, at least 2048; not looked at for ECDSA. */
  readonly rsaKeySize: number;
}

const MIN_RSA_BITS = 2048;

/**
 * The key the options ask for.
 *
 * @throws AgentError in the words of the reference
 * @see istio 1.31 security/pkg/pki/util/generate_csr.go GenCSR
 */
export function keyAlgorithmOf(options: KeyOptions): KeyAlgorithm {
  const { eccSignatureAlgorithm, eccCurve, rsaKeySize } = options;
  if (eccSignatureAlgorithm === 'ECDSA')
    return { type: 'ec', curve: eccCurve === 'P384' ? 'P-384' : 'P-256' };
  if (eccSignatureAlgorithm !== '') {
    throw new AgentError('csr cert generation fails due to unsupported EC signature algorithm');
  }
  if (rsaKeySize < MIN_RSA_BITS) {
    const needed = `the minimum required size of ${MIN_RSA_BITS} (requested: ${rsaKeySize})`;
    throw new AgentError(`requested key size does not meet ${needed}`);
  }
  return { type: 'rsa', bits: rsaKeySize };
}

const generate = promisify(generateKeyPair);

/** A new pair, made on the thread pool: an RSA key takes up to a second. */
export function generateKeys(algorithm: KeyAlgorithm): Promise<KeyPair> {
  return algorithm.type === 'rsa'
    ? generate('rsa', { modulusLength: algorithm.bits })
    : generate('ec', { namedCurve: algorithm.curve });
}

/**
 * @param pkcs8 true: `PRIVATE KEY`; false: the form of the key's own kind, `RSA PRIVATE KEY` or `EC PRIVATE KEY`
 * @returns PEM with a final newline
 */
export function privateKeyPem(key: KeyObject, pkcs8: boolean): string {
  const type = pkcs8 ? 'pkcs8' : key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
  return key.export({ type, format: 'pem' }).toString();
}

const KEY_LABELS = new Set(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']);

/**
 * The first block of a PEM text as a private key.
 *
 * @throws PemError without the text in it: it may be a key
 */
export function parsePrivateKey(pem: string): KeyObject {
  const block = parsePem(pem)[0];
  if (block === undefined) throw new PemError('no PEM block found for a private key');
  if (!KEY_LABELS.has(block.label)) {
    throw new PemError(`unsupported PEM block type for a private key: ${block.label}`);
  }
  try {
    return createPrivateKey(formatPem(block));
  } catch (error) {
    throw new PemError(`failed to parse the ${block.label} block`, { cause: error });
  }
}
