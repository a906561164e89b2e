// The debug page about certificates, as JSON: whose they are, how long they last, where they come from. No key and no
// token is in what it is made of.

import type { CertificateStatus, CertificateStatusFacts } from '../security/certificate-status.ts';

/** @returns plain data; times are RFC 3339, null where there is none */
export function certificatePage(status: CertificateStatus): unknown {
  const { source, nextRotationMs, lastSuccessMs, rotations, lastError, secrets } = status;
  return {
    source,
    nextRotation: timeOf(nextRotationMs),
    lastSuccess: timeOf(lastSuccessMs),
    rotations,
    lastError: lastError ?? null,
    secrets: secrets.map(({ name, kind, source: from, certificates }) => ({
      name,
      kind,
      source: from,
      certificates: certificates.map(factsOf),
    })),
  };
}

function factsOf(facts: CertificateStatusFacts): unknown {
  const { subject, issuer, sans, serial, notBeforeMs, notAfterMs, fingerprint } = facts;
  const times = { notBefore: timeOf(notBeforeMs), notAfter: timeOf(notAfterMs) };
  return {
    subject: onOneLine(subject),
    issuer: onOneLine(issuer),
    sans,
    serial,
    ...times,
    sha256: fingerprint,
  };
}

/** node:crypto puts each part of a name on a line of its own. */
function onOneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
