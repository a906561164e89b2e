// What the metrics page tells of the workload's token.

import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import type { TokenSource } from '../security/upstream/token-source.ts';
import { gauge, type Metric } from '../status/metrics/metric.ts';

/** Nothing for a token that names no time, or before it is known. */
export function tokenMetrics(
  { expiresMs }: Pick<TokenSource, 'expiresMs'>,
  clock: Pick<Clock, 'now'>,
): readonly Metric[] {
  const left = expiresMs && (expiresMs - clock.now()) / SECOND_MS;
  const help = 'Time until the token for CA and control plane expires; negative once it has.';
  return [gauge('token_expiry_seconds', help, left)];
}
