// A certificate obtained, and the request for it counted and timed: from the request that is ready to the answer.
// An answer that is refused has failed too.

import type { CertificateAuthority } from './ca/certificate-authority.ts';
import type { CsrMeter } from './ca/csr-meter.ts';
import {
  obtainCertificate,
  type IdentitySettings,
  type ObtainDeps,
  type WorkloadCertificate,
} from './ca/workload-certificate.ts';

export interface CountedDeps extends ObtainDeps {
  readonly meter: CsrMeter;
}

/** @throws what `obtainCertificate` throws */
export async function obtainCounted(
  settings: IdentitySettings,
  deps: CountedDeps,
  signal: AbortSignal,
): Promise<WorkloadCertificate> {
  const { meter, clock } = deps;
  let asked = false;
  const signCsr: CertificateAuthority['signCsr'] = async (...request) => {
    asked = true;
    meter.started();
    const startMs = clock.monotonicMs();
    try {
      return await deps.ca.signCsr(...request);
    } finally {
      meter.ended(clock.monotonicMs() - startMs);
    }
  };
  const ca: CertificateAuthority = {
    signCsr,
    rootBundle: (within) => deps.ca.rootBundle(within),
    close: () => deps.ca.close(),
  };
  try {
    return await obtainCertificate(settings, { ...deps, ca }, signal);
  } catch (error) {
    if (asked) meter.failed();
    throw error;
  }
}
