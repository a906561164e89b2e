// Signatures over DER: the algorithm a key signs with, its identifier in ASN.1, signing and verifying.

import { sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

import {
  bitString,
  bytesOf,
  childrenOf,
  DerError,
  encodeDer,
  nullValue,
  objectId,
  objectIdOf,
  sequence,
} from './der.ts';
import type { Der } from './der.ts';

interface Algorithm {
  readonly oid: string;
  readonly keyType: 'rsa' | 'ec';
  readonly hash: string;
}

/** Hashes below SHA-256 are not listed, so they are refused. */
const ALGORITHMS: readonly Algorithm[] = [
  { oid: '1.2.840.113549.1.1.11', keyType: 'rsa', hash: 'sha256' },
  { oid: '1.2.840.113549.1.1.12', keyType: 'rsa', hash: 'sha384' },
  { oid: '1.2.840.113549.1.1.13', keyType: 'rsa', hash: 'sha512' },
  { oid: '1.2.840.10045.4.3.2', keyType: 'ec', hash: 'sha256' },
  { oid: '1.2.840.10045.4.3.3', keyType: 'ec', hash: 'sha384' },
  { oid: '1.2.840.10045.4.3.4', keyType: 'ec', hash: 'sha512' },
];

const signAsync = promisify(sign);

/** SHA-384 with a P-384 key, SHA-256 with every other. @throws DerError for keys that are neither RSA nor EC */
function algorithmFor(key: KeyObject): Algorithm {
  const hash = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
  const found = ALGORITHMS.find((row) => row.keyType === key.asymmetricKeyType && row.hash === hash);
  if (found === undefined) throw new DerError(`cannot sign with a key of type ${key.asymmetricKeyType}`);
  return found;
}

/** AlgorithmIdentifier of the signatures `key` makes. RSA carries NULL parameters, ECDSA none. */
export function signatureAlgorithm(key: KeyObject): Der {
  const { oid, keyType } = algorithmFor(key);
  return keyType === 'rsa' ? sequence(objectId(oid), nullValue()) : sequence(objectId(oid));
}

/** `SEQUENCE { content, algorithm, signature }`, the frame of requests and certificates; signed off the event loop. */
export async function signed(content: Der, key: KeyObject): Promise<Buffer> {
  const signature = await signAsync(algorithmFor(key).hash, encodeDer(content), key);
  return encodeDer(sequence(content, signatureAlgorithm(key), bitString(signature)));
}

/**
 * Checks the frame `signed` makes.
 *
 * @returns the content when `key` signed it
 * @throws DerError when it did not, or with an algorithm that is not accepted
 */
export function verifiedContent(frame: Der, key: KeyObject): Der {
  const [content, algorithm, signature] = childrenOf(frame);
  const oid = objectIdOf(childrenOf(algorithm)[0]);
  const found = ALGORITHMS.find((row) => row.oid === oid && row.keyType === key.asymmetricKeyType);
  if (found === undefined) throw new DerError(`signature algorithm ${oid} is not accepted for this key`);
  const bits = bytesOf(signature);
  if (content === undefined || !verify(found.hash, encodeDer(content), key, bits.subarray(1))) {
    throw new DerError('the signature does not match');
  }
  return content;
}
