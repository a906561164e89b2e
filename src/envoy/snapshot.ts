// What the supervisor shows of itself: plain data for status pages, metrics and logs.

import type { Clock } from '../runtime/clock.ts';
import type { Epoch, EpochState } from './process/epoch.ts';

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

/**
 * How far a handoff has come. A: the parent is untouched. B: it has given its admin port away. C: it drains, and this
 * one has to tell it when to end. D: it is gone.
 */
export type Zone = 'A' | 'B' | 'C' | 'D';

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
  /** SHA-256, hex, of its configuration. */
  readonly configHash: string;
  /** Which file its binary was; another one after an upgrade. */
  readonly binaryId: string | undefined;
  /** Undefined before LIVE; `disabled` without hot restart. */
  readonly hotRestartVersion: string | undefined;
  /** Undefined for a cold start, which takes nothing over. */
  readonly zone: Zone | undefined;
  /** Undefined unless it drains, or did. */
  readonly drainingSince: Date | undefined;
  /** When a draining one is ended. */
  readonly terminateDue: Date | undefined;
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
  /** Why every request for a restart is refused from now on; undefined: it is not. */
  readonly restartObstacle: string | undefined;
  readonly restarts: RestartCounts;
  /** Undefined: there was none yet. */
  readonly lastRestart: RestartRecord | undefined;
  /** Starts that are left before Envoy is given up. */
  readonly budget: number;
  /** The active Envoy serves, but nobody can reach its admin port any more. */
  readonly adminLost: boolean;
  /** Undefined unless the agent is ending. */
  readonly ending: EndSnapshot | undefined;
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

/** One planned restart that is over. */
export interface RestartRecord {
  /** Every reason it was asked for, joined. */
  readonly reason: string;
  readonly outcome: 'committed' | 'unchanged' | 'refused' | 'rolled-back';
  /** Why it came to nothing; empty when it did not. */
  readonly error: string;
  /** From the first look at its gates, whole milliseconds. */
  readonly durationMs: number;
  readonly ended: Date;
}

/**
 * What the end of the agent waits for. `handoff`: for what was under way when the signal came. `drain`: for
 * terminationDrainDuration. `exit`: for the end of Envoys that got SIGTERM.
 */
export type EndStep =
  | 'handoff'
  | 'pre-drain delay'
  | 'drain'
  | 'minimum drain'
  | 'connections'
  | 'requests'
  | 'exit';

export interface EndSnapshot {
  /** When the signal came. */
  readonly asked: Date;
  readonly step: EndStep;
  readonly since: Date;
  /** When it stops waiting for this at the latest; undefined: no limit. */
  readonly deadline: Date | undefined;
  /** Connections or requests at the last look; undefined: nobody has looked. */
  readonly open: number | undefined;
}

/** Is told what happened, when it has. */
export interface EnvoyObserver {
  /** A process was started. Default: nobody is told. */
  readonly started?: () => void;
  /** The one that starts is live. Default: nobody is told. */
  readonly live?: () => void;
  readonly restarted: (record: RestartRecord) => void;
  readonly ended: (epoch: EndedEpoch) => void;
}

export function epochSnapshot(epoch: Epoch, clock: Clock): EpochSnapshot {
  const { liveAtMs, startedAtMs, drainingAtMs, terminateDueMs, launch } = epoch;
  const wallTime = (monotonicMs: number): Date => new Date(clock.now() - (clock.monotonicMs() - monotonicMs));
  return {
    epoch: epoch.epoch,
    generation: epoch.generation,
    pid: epoch.pid,
    state: epoch.state,
    reason: launch.reason,
    since: wallTime(startedAtMs),
    liveAfterMs: liveAtMs === undefined ? undefined : Math.round(liveAtMs - startedAtMs),
    configHash: launch.bootstrap.hash,
    binaryId: launch.binaryId,
    hotRestartVersion: epoch.info?.hotRestartVersion,
    zone: zoneOf(epoch),
    drainingSince: drainingAtMs === undefined ? undefined : wallTime(drainingAtMs),
    terminateDue: terminateDueMs === undefined ? undefined : wallTime(terminateDueMs),
  };
}

function zoneOf({ parent, liveAtMs, info }: Epoch): Zone | undefined {
  if (parent === undefined) return undefined;
  if (liveAtMs === undefined) return info === undefined ? 'A' : 'B';
  return parent.alive ? 'C' : 'D';
}
