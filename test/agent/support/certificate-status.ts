// What the secret manager tells, made by hand.

import type { CertificateStatus, CertificateStatusFacts } from '../../../src/security/certificate-status.ts';

export const emptyStatus: CertificateStatus = {
  source: 'ca',
  serial: undefined,
  uris: [],
  notBeforeMs: undefined,
  notAfterMs: undefined,
  nextRotationMs: undefined,
  lastSuccessMs: undefined,
  rotations: { success: 0, failure: 0 },
  lastError: undefined,
  secrets: [],
};

export function certificateFacts(notAfterMs: number): CertificateStatusFacts {
  return {
    subject: 'O=mesh\nCN=leaf',
    issuer: 'O=mesh',
    serial: '0A',
    notBeforeMs: 0,
    notAfterMs,
    uris: ['spiffe://mesh/ns/a/sa/b'],
    sans: 'URI:spiffe://mesh/ns/a/sa/b, DNS:a.example',
    isCa: false,
    fingerprint: 'AB:CD',
  };
}
