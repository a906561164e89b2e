// Probes again and again and counts: a result counts when it came often enough in a row.

import type { Clock } from '../../../../../src/runtime/clock.ts';
import type { TrialResult } from '../network/node-messages.ts';
import type { ProbeSpec } from '../pod-spec.ts';

export interface Probing {
  readonly probe: ProbeSpec;
  readonly tryOnce: () => Promise<TrialResult>;
  readonly clock: Clock;
  /** When the container started, on the monotonic clock: the initial delay counts from then. */
  readonly startMs: number;
  /** Each result. */
  readonly onTrial: (result: TrialResult) => void;
  /** Each result that has reached its threshold; true ends the probing. */
  readonly onVerdict: (isSuccess: boolean) => boolean;
}

/**
 * Probes until a verdict ends it or the signal aborts.
 *
 * @param signal its abort is a normal end
 * @see Kubernetes' pkg/kubelet/prober/worker.go doProbe
 */
export async function keepProbing(probing: Probing, signal: AbortSignal): Promise<void> {
  const { probe, tryOnce, clock, startMs, onTrial, onVerdict } = probing;
  let last: boolean | undefined;
  let inARow = 0;
  let waitMs = Math.max(0, startMs + probe.initialDelaySeconds * 1000 - clock.monotonicMs());
  for (;;) {
    if (!(await wait(clock, waitMs, signal))) return;
    const begunMs = clock.monotonicMs();
    const result = await tryOnce();
    if (signal.aborted) return;
    onTrial(result);
    inARow = result.isSuccess === last ? inARow + 1 : 1;
    last = result.isSuccess;
    const threshold = last ? probe.successThreshold : probe.failureThreshold;
    if (inARow >= threshold && onVerdict(last)) return;
    waitMs = Math.max(0, probe.periodSeconds * 1000 - (clock.monotonicMs() - begunMs));
  }
}

/** @returns false when the signal aborted */
async function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  await clock.sleep(ms, signal).catch(() => undefined); // the abort is what is returned
  return !signal.aborted;
}
