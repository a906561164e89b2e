// Who a caller is by the certificate it shows: one that this mesh's CA has signed before, as a workload uses whose
// token has gone. That the chain verifies has been seen to by TLS.

import type { X509Certificate } from 'node:crypto';

import { certificateFacts, isValidAt } from '../../pki/certificates.ts';
import { emptyParts, parseSpiffeId } from '../../pki/spiffe.ts';
import { AuthenticationError, type Identity } from './identity.ts';

/**
 * @param nowMs milliseconds since the Unix epoch; a connection may outlive its certificate
 * @throws AuthenticationError when the certificate is over, or no workload's of this trust domain
 */
export function certificateIdentity(
  certificate: X509Certificate,
  trustDomain: string,
  nowMs: number,
): Identity {
  if (!isValidAt(certificate, nowMs)) {
    throw new AuthenticationError(`the client certificate ended at ${certificate.validToDate.toISOString()}`);
  }
  const { uris } = certificateFacts(certificate);
  const [name = '', ...more] = uris;
  const id = parseSpiffeId(name);
  const isWhole = id !== undefined && emptyParts(name).length === 0;
  if (more.length > 0 || !isWhole || id.trustDomain !== trustDomain) {
    throw new AuthenticationError(`the client certificate is no workload's of ${trustDomain}`);
  }
  return { namespace: id.namespace, serviceAccount: id.serviceAccount };
}
