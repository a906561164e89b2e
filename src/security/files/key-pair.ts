// Whether a certificate chain and a private key belong together, judged before they are served.

import { CertificateError, parseCertificates } from '../../pki/certificates.ts';
import { parsePrivateKey } from '../../pki/keys.ts';
import { formatPem, parsePem } from '../../pki/pem.ts';

/**
 * Dates are not looked at: an expired certificate of a file is served.
 *
 * @throws PemError | CertificateError without the key in it
 */
export function checkKeyPair(chainPem: string, keyPem: string): void {
  const [leaf] = parseCertificates(chainPem);
  if (leaf?.checkPrivateKey(parsePrivateKey(privateKeyBlock(keyPem))) === true) return;
  throw new CertificateError('the private key does not match the first certificate');
}

/** Tools write the parameters of a curve before its key, and some keep key and chain in one file. */
function privateKeyBlock(pem: string): string {
  const block = parsePem(pem).find(({ label }) => label.endsWith('PRIVATE KEY'));
  return block === undefined ? pem : formatPem(block);
}
