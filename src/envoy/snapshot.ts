// What the supervisor shows of itself: plain data for status pages, metrics and logs.

import type { Clock } from '../runtime/clock.ts';
import type { Epoch, EpochState } from './epoch.ts';

/**
 * `degraded`: the active Envoy serves but has lost its admin port to a candidate that failed. `backoff`: no
 * Envoy runs, the next start waits.
 */
export type Phase =
  | 'idle'
  | 'starting'
  | 'running'
  | 'handoff'
  | 'backoff'
  | 'degraded'
  | 'draining'
  | 'terminating'
  | 'done';

export interface EpochSnapshot {
  readonly epoch: number;
  readonly generation: number;
  readonly pid: number;
  readonly state: EpochState;
  readonly reason: string;
  /** Wall time of the start. */
  readonly since: Date;
  /** Start to LIVE, whole milliseconds; undefined before. */
  readonly liveAfterMs: number | undefined;
}

export interface EndedEpoch extends EpochSnapshot {
  readonly ended: Date;
  readonly code: number | null;
  readonly signal: string | null;
  /** The end was ours, or that of a parent whose time had come. */
  readonly asked: boolean;
}

export interface EnvoySnapshot {
  readonly phase: Phase;
  readonly baseId: number | undefined;
  readonly active: EpochSnapshot | undefined;
  readonly candidate: EpochSnapshot | undefined;
  readonly draining: readonly EpochSnapshot[];
  /** Reasons of the restart that waits for its turn; empty: none waits. */
  readonly pending: readonly string[];
  readonly restarts: RestartCounts;
  /** The last 32 ended processes, newest first. */
  readonly history: readonly EndedEpoch[];
}

/** Planned restarts by outcome, and Envoys that ended unasked. */
export interface RestartCounts {
  readonly committed: number;
  readonly refused: number;
  readonly rolledBack: number;
  readonly crashed: number;
}

export function epochSnapshot(epoch: Epoch, clock: Clock): EpochSnapshot {
  const { liveAtMs, startedAtMs, launch } = epoch;
  return {
    epoch: epoch.epoch,
    generation: epoch.generation,
    pid: epoch.pid,
    state: epoch.state,
    reason: launch.reason,
    since: new Date(clock.now() - (clock.monotonicMs() - startedAtMs)),
    liveAfterMs: liveAtMs === undefined ? undefined : Math.round(liveAtMs - startedAtMs),
  };
}
