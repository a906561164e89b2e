import { deepEqual } from 'node:assert/strict';

import { certificatePage } from '../../src/agent/certificate-page.ts';
import { certificateFacts, emptyStatus } from './support/certificate-status.ts';

describe('certificatePage', () => {
  it('shows null for what is not there', () => {
    deepEqual(certificatePage(emptyStatus), {
      source: 'ca',
      nextRotation: null,
      lastSuccess: null,
      rotations: { success: 0, failure: 0 },
      lastError: null,
      secrets: [],
    });
  });

  it('shows whose each certificate is, its times and where it comes from', () => {
    const secret = { name: 'default', kind: 'certificate', source: 'ca' } as const;

    const page = certificatePage({
      ...emptyStatus,
      nextRotationMs: 2000,
      lastSuccessMs: 1000,
      lastError: 'create certificate: down',
      secrets: [{ ...secret, certificates: [certificateFacts(3000)] }],
    });

    deepEqual(page, {
      source: 'ca',
      nextRotation: '1970-01-01T00:00:02.000Z',
      lastSuccess: '1970-01-01T00:00:01.000Z',
      rotations: { success: 0, failure: 0 },
      lastError: 'create certificate: down',
      secrets: [
        {
          ...secret,
          certificates: [
            {
              subject: 'O=mesh, CN=leaf',
              issuer: 'O=mesh',
              sans: 'URI:spiffe://mesh/ns/a/sa/b, DNS:a.example',
              serial: '0A',
              notBefore: '1970-01-01T00:00:00.000Z',
              notAfter: '1970-01-01T00:00:03.000Z',
              sha256: 'AB:CD',
            },
          ],
        },
      ],
    });
  });
});
