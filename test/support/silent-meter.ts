// A meter for tests in which nothing is counted.

import type { CsrMeter } from '../../src/security/ca/csr-meter.ts';

export function silentMeter(): CsrMeter {
  const ignore = (): void => undefined;
  return { started: ignore, ended: ignore, failed: ignore, retried: ignore };
}
