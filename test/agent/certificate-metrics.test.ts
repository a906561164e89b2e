import { deepEqual } from 'node:assert/strict';

import { certificateMetrics } from '../../src/agent/certificate-metrics.ts';
import type { CertificateStatus } from '../../src/security/certificate-status.ts';
import { certificateFacts, emptyStatus } from './support/certificate-status.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const clock = { now: () => NOW_MS };

function series(status: CertificateStatus): Record<string, unknown> {
  return Object.fromEntries(certificateMetrics(status, clock).map(({ name, series: all }) => [name, all]));
}

describe('certificateMetrics', () => {
  it('tells nothing of what is not there, and starts the counters at 0', () => {
    deepEqual(series(emptyStatus), {
      cert_expiry_seconds: [],
      root_cert_expiry_seconds: [],
      cert_rotations_total: [
        { labels: { result: 'success' }, value: 0 },
        { labels: { result: 'failure' }, value: 0 },
      ],
      last_successful_rotation_timestamp_seconds: [],
    });
  });

  it('tells how long each leaf and the first of the anchors last, and of ROOTCA no leaf', () => {
    const { cert_expiry_seconds: leaves, root_cert_expiry_seconds: roots } = series({
      ...emptyStatus,
      secrets: [
        {
          name: 'default',
          kind: 'certificate',
          source: 'ca',
          certificates: [certificateFacts(NOW_MS + 60_000), certificateFacts(NOW_MS - 9000)],
        },
        {
          name: 'ROOTCA',
          kind: 'trust',
          source: 'ca',
          certificates: [certificateFacts(NOW_MS + 90_000), certificateFacts(NOW_MS + 80_500)],
        },
        {
          name: 'file-cert:/c.pem~/k.pem',
          kind: 'certificate',
          source: 'files',
          certificates: [certificateFacts(NOW_MS - 2000)],
        },
        { name: 'file-cert:/x~/y', kind: 'certificate', source: 'files', certificates: [] },
      ],
    });

    deepEqual(leaves, [
      { labels: { resource_name: 'default' }, value: 60 },
      { labels: { resource_name: 'file-cert:/c.pem~/k.pem' }, value: -2 },
    ]);
    deepEqual(roots, [{ value: 80.5 }]);
  });

  it('counts rotations by result and tells when the last one was', () => {
    const rotations = { success: 3, failure: 1 };
    const { cert_rotations_total: counts, last_successful_rotation_timestamp_seconds: last } = series({
      ...emptyStatus,
      rotations,
      lastSuccessMs: 1_500,
    });

    deepEqual(counts, [
      { labels: { result: 'success' }, value: 3 },
      { labels: { result: 'failure' }, value: 1 },
    ]);
    deepEqual(last, [{ value: 1.5 }]);
  });
});
