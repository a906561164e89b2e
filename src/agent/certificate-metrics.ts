// What the metrics page tells of the certificates in use: how long they last, and how their replacement goes.

import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import type { CertificateStatus, SecretStatus } from '../security/certificate-status.ts';
import { TRUST_SECRET } from '../security/secret-item.ts';
import { counter, gauge, type Metric, type Series } from '../status/metrics/metric.ts';

/** Nothing is told of certificates that are not there. */
export function certificateMetrics(
  { secrets, rotations, lastSuccessMs }: CertificateStatus,
  clock: Pick<Clock, 'now'>,
): readonly Metric[] {
  const nowMs = clock.now();
  const results = Object.entries(rotations).map(([result, value]) => ({ labels: { result }, value }));
  return [
    gauge(
      'cert_expiry_seconds',
      'Time until a certificate expires; negative once it has.',
      secrets.flatMap((secret) => expirySeries(secret, nowMs)),
    ),
    gauge(
      'root_cert_expiry_seconds',
      "Time until the first of the workload's trust anchors expires; negative once it has.",
      firstExpiry(secrets, nowMs),
    ),
    counter(
      'cert_rotations_total',
      'Signing requests that were to replace a certificate, by result.',
      results,
    ),
    gauge(
      'last_successful_rotation_timestamp_seconds',
      'When the CA last gave a certificate, seconds since the Unix epoch.',
      lastSuccessMs && lastSuccessMs / SECOND_MS,
    ),
  ];
}

function expirySeries({ name, kind, certificates: [leaf] }: SecretStatus, nowMs: number): readonly Series[] {
  if (kind !== 'certificate' || leaf === undefined) return [];
  return [{ labels: { resource_name: name }, value: (leaf.notAfterMs - nowMs) / SECOND_MS }];
}

function firstExpiry(secrets: readonly SecretStatus[], nowMs: number): number | undefined {
  const anchors = secrets.find(({ name }) => name === TRUST_SECRET)?.certificates ?? [];
  if (anchors.length === 0) return undefined;
  return (Math.min(...anchors.map(({ notAfterMs }) => notAfterMs)) - nowMs) / SECOND_MS;
}
