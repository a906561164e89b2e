// Lists of revoked certificates, as far as it has to be known whether Envoy could use them.

import type { KeyObject, X509Certificate } from 'node:crypto';

import {
  bytesOf,
  childrenOf,
  decodeDer,
  DerError,
  encodeDer,
  hasTag,
  sequence,
  type Der,
} from '../../pki/der.ts';
import { parsePem, PemError } from '../../pki/pem.ts';
import { verifiedContent } from '../../pki/signature.ts';

const LABEL = 'X509 CRL';

/**
 * A list in the name of a CA that another key has signed would make every certificate of that CA fail.
 *
 * @param issuers CAs that are known; lists of others are not verified
 * @throws PemError | DerError when there is no list, or one cannot be used
 */
export function checkCrls(pem: string, issuers: readonly X509Certificate[]): void {
  const lists = parsePem(pem).filter(({ label }) => label === LABEL);
  if (lists.length === 0) throw new PemError('no revocation list found');
  for (const { der } of lists) {
    const list = decodeDer(der);
    const name = issuerOf(list);
    const named = issuers.filter((issuer) => subjectOf(issuer).equals(name));
    if (named.length > 0 && !named.some(({ publicKey }) => isSignedBy(list, publicKey))) {
      throw new DerError('a revocation list is not signed by the CA that it names');
    }
  }
}

/** DER. @throws DerError when the value is not in the frame of a revocation list */
function issuerOf(list: Der): Buffer {
  const [content, algorithm, signature, ...more] = childrenOf(list);
  childrenOf(algorithm);
  bytesOf(signature);
  if (more.length > 0) throw new DerError('a revocation list has more than three parts');
  // the version, which is no sequence, is optional; what was signed with comes before the name
  const [, issuer] = childrenOf(content).filter(({ constructed }) => constructed);
  return encodeDer(sequence(...childrenOf(issuer)));
}

/** DER. */
function subjectOf({ raw }: X509Certificate): Buffer {
  const fields = childrenOf(childrenOf(decodeDer(raw))[0]).filter((field) => !hasTag(field, 0)); // the version
  return encodeDer(sequence(...childrenOf(fields[4])));
}

function isSignedBy(list: Der, key: KeyObject): boolean {
  try {
    verifiedContent(list, key);
    return true;
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}
