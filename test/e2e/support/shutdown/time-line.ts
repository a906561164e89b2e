// When an agent that is told to end has ended, by the tests' own reckoning: what the settings promise, written down
// once more, so that the agent's reckoning is held against something.

export interface TimeLine {
  readonly hotRestart: boolean;
  readonly preDrainMs: number;
  readonly drainMs: number;
  readonly onZero: OnZero | undefined;
  /** The pod's own, from which the agent keeps two seconds. */
  readonly podGraceSeconds: number | undefined;
  /** From SIGTERM to SIGKILL, seen only when Envoy does not hear the former. */
  readonly termGraceMs: number;
  readonly second: Second | undefined;
}

export interface OnZero {
  readonly of: 'connections' | 'requests';
  readonly minimumMs: number;
  readonly maximumMs: number | undefined;
}

/** A second signal. */
export interface Second {
  readonly signal: 'SIGTERM' | 'SIGINT';
  readonly afterMs: number;
  /** `AGENT_SECOND_SIGNAL=abort`; what a second SIGINT always does. */
  readonly aborts: boolean;
}

/** Milliseconds after the signal. */
export interface Span {
  readonly earliestMs: number;
  readonly latestMs: number;
}

const KEPT_OF_GRACE_MS = 2000;
const LOOK_EVERY_MS = 1000;

/** When waiting is over, whatever is open; Infinity: when nothing is open. */
export function hardEndMs(line: TimeLine): number {
  const { preDrainMs, drainMs, onZero, podGraceSeconds, second } = line;
  const drained = onZero === undefined ? drainMs : (onZero.maximumMs ?? Infinity);
  const deadline = podGraceSeconds === undefined ? Infinity : podGraceSeconds * 1000 - KEPT_OF_GRACE_MS;
  const aborted = second?.aborts === true ? second.afterMs : Infinity;
  return Math.min(preDrainMs + drained, deadline, aborted);
}

/** @param quiet when the last connection or request that counts was gone */
export function endOf(line: TimeLine, quiet: Span): Span {
  const { preDrainMs, onZero } = line;
  const hardMs = hardEndMs(line);
  if (onZero === undefined) return { earliestMs: hardMs, latestMs: hardMs };
  const firstLookMs = preDrainMs + onZero.minimumMs + LOOK_EVERY_MS;
  const earliestMs = Math.max(firstLookMs, quiet.earliestMs);
  const latestMs = Math.max(firstLookMs, quiet.latestMs + LOOK_EVERY_MS);
  return { earliestMs: Math.min(hardMs, earliestMs), latestMs: Math.min(hardMs, latestMs) };
}
