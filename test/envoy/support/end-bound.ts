// How long the end of a supervisor may take, worked out from its settings alone.

import type { ShutdownConfig } from '../../../src/config/shutdown-config.ts';
import { DEFAULT_TIMING } from '../../../src/envoy/settings.ts';

export interface EndCircumstances {
  readonly shutdown: ShutdownConfig;
  /** At how many looks connections are open; Infinity: always. */
  readonly openLooks: number;
  /** A drain was asked for before the signal. */
  readonly drained: boolean;
  /** An Envoy hangs, or did. */
  readonly hangs: boolean;
}

/** An admin request that is not answered. */
const REQUEST_MS = 2000;
/** A candidate is killed: a last look at it, and what its end may bring about. */
const ROLLBACK_MS = 2000;
/** What is open is asked for once more. */
const LAST_LOOK_MS = 200;
/** The active Envoy and two that drain beside it, one after the other. */
const ASKED = 3;
const POLL_MS = 1000;
const FAILED_LOOKS = 5;

/** Milliseconds from the signal; Infinity where the settings set no limit. */
export function endBoundMs(circumstances: EndCircumstances): number {
  const { shutdown, drained } = circumstances;
  const { terminationGraceMs, podGraceMs } = shutdown;
  const beforeMs = drained ? ROLLBACK_MS : DEFAULT_TIMING.handoffAtStopMs + ROLLBACK_MS;
  const freeMs = beforeMs + (drained ? 0 : drainMs(circumstances)) + terminationGraceMs;
  if (podGraceMs === undefined) return freeMs;
  return Math.min(freeMs, Math.max(podGraceMs - 500, podGraceMs - 2000 + ROLLBACK_MS, ROLLBACK_MS));
}

function drainMs({ shutdown, openLooks, hangs }: EndCircumstances): number {
  const { preDrainDelayMs, terminationDrainMs, exitOnZero } = shutdown;
  if (exitOnZero === undefined) return preDrainDelayMs + Math.max(terminationDrainMs, hangs ? REQUEST_MS : 0);
  const { minimumDrainMs, maximumDrainMs = Infinity } = exitOnZero;
  const lookMs = hangs ? POLL_MS + ASKED * REQUEST_MS : POLL_MS;
  const looks = (openLooks + 1) * (hangs ? FAILED_LOOKS : 1);
  const ownMs = (hangs ? REQUEST_MS : 0) + minimumDrainMs + looks * lookMs;
  return preDrainDelayMs + Math.min(ownMs, maximumDrainMs + LAST_LOOK_MS);
}
