// What the metrics page tells of the certificates in use: how long they last, and how their replacement goes.

import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import type { CertificateStatus, SecretStatus } from '../security/certificate-status.ts';
import { TRUST_SECRET } from '../security/secret-item.ts';
import type { Metric, Series } from '../status/metrics/metric.ts';

/** Nothing is told of certificates that are not there. */
export function certificateMetrics(
  { secrets, rotations, lastSuccessMs }: CertificateStatus,
  clock: Pick<Clock, 'now'>,
): readonly Metric[] {
  const nowMs = clock.now();
  const results = Object.entries(rotations).map(([result, value]) => ({ labels: { result }, value }));
  return [
    {
      name: 'cert_expiry_seconds',
      help: 'Time until a certificate expires; negative once it has.',
      type: 'gauge',
      series: secrets.flatMap((secret) => expirySeries(secret, nowMs)),
    },
    {
      name: 'root_cert_expiry_seconds',
      help: "Time until the first of the workload's trust anchors expires; negative once it has.",
      type: 'gauge',
      series: firstExpiry(secrets, nowMs).map((value) => ({ value })),
    },
    {
      name: 'cert_rotations_total',
      help: 'Signing requests that were to replace a certificate, by result.',
      type: 'counter',
      series: results,
    },
    {
      name: 'last_successful_rotation_timestamp_seconds',
      help: 'When the CA last gave a certificate, seconds since the Unix epoch.',
      type: 'gauge',
      series: lastSuccessMs === undefined ? [] : [{ value: lastSuccessMs / SECOND_MS }],
    },
  ];
}

function expirySeries({ name, kind, certificates: [leaf] }: SecretStatus, nowMs: number): readonly Series[] {
  if (kind !== 'certificate' || leaf === undefined) return [];
  return [{ labels: { resource_name: name }, value: (leaf.notAfterMs - nowMs) / SECOND_MS }];
}

function firstExpiry(secrets: readonly SecretStatus[], nowMs: number): readonly number[] {
  const anchors = secrets.find(({ name }) => name === TRUST_SECRET)?.certificates ?? [];
  if (anchors.length === 0) return [];
  return [(Math.min(...anchors.map(({ notAfterMs }) => notAfterMs)) - nowMs) / SECOND_MS];
}
