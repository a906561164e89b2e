// Lists of revoked certificates, as far as it has to be known whether Envoy will take them.

import { bytesOf, childrenOf, decodeDer, DerError } from '../../pki/der.ts';
import { parsePem, PemError } from '../../pki/pem.ts';

const LABEL = 'X509 CRL';

/**
 * Looks at the frame of every list: what is signed, with what, the signature. Who signed it is not looked at.
 *
 * @throws PemError | DerError when there is none, or one is something else
 */
export function checkCrls(pem: string): void {
  const lists = parsePem(pem).filter(({ label }) => label === LABEL);
  if (lists.length === 0) throw new PemError('no revocation list found');
  for (const { der } of lists) {
    const [content, algorithm, signature, ...more] = childrenOf(decodeDer(der));
    childrenOf(content);
    childrenOf(algorithm);
    bytesOf(signature);
    if (more.length > 0) throw new DerError('a revocation list has more than three parts');
  }
}
