// Reading the trust anchors of an upstream connection, from a file or from the operating system. Node's own list
// of public CAs is never used: the system's store is what its administrator decided.

import { certificatePem, readableCertificates } from '../../pki/certificates.ts';
import { PemError } from '../../pki/pem.ts';
import { AgentError, errnoOf, messageOf } from '../../runtime/errors.ts';
import { readSmallFile } from '../../runtime/files.ts';
import type { Root } from './roots.ts';

/** Where distributions keep their bundle, first existing wins. @see istio 1.31 security/pkg/cafile */
export const SYSTEM_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/usr/local/etc/ssl/cert.pem',
  '/etc/ssl/certs/ca-certificates',
];

/** Trust anchors that cannot be read now; the file may be corrected later. */
export class TrustAnchorError extends AgentError {}

/**
 * The certificates of the bundle, each as PEM. Blocks that cannot be read are left out.
 *
 * @param systemBundles candidates for the system's bundle
 * @throws TrustAnchorError without one certificate in it
 */
export async function readTrustAnchors(root: Root, systemBundles = SYSTEM_BUNDLES): Promise<string[]> {
  const paths = root.kind === 'file' ? [root.path] : systemBundles;
  try {
    const certificates = readableCertificates(await readFirst(paths));
    if (certificates.length === 0) throw new PemError('no certificate found');
    return certificates.map(certificatePem);
  } catch (error) {
    const problem = `failed to create TLS dial option with root certificates: ${nameOf(root)}`;
    throw new TrustAnchorError(`${problem}: ${messageOf(error)}`, { retryable: true, cause: error });
  }
}

/** For messages: where the anchors come from. */
export function nameOf(root: Root): string {
  return root.kind === 'file' ? root.name : 'the system certificates';
}

async function readFirst(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    try {
      return (await readSmallFile(path)).toString();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    }
  }
  throw new AgentError(paths.length > 1 ? 'OS CA Cert could not be found for agent' : 'no such file');
}
