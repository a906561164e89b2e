// The probes of one run of a container: startup first, then readiness and liveness beside each other.

import type { ContainerStatus } from '../contract.ts';
import type { ProbeSpec } from '../pod-spec.ts';
import { type ActionPlace, runProbe } from './actions.ts';
import type { EventLog } from './event-log.ts';
import { keepProbing } from './probing.ts';

export interface WatchedRun {
  readonly place: ActionPlace;
  readonly events: EventLog;
  /** When it started, on the monotonic clock. */
  readonly startMs: number;
  /** Aborts when the pod begins to end. */
  readonly podSignal: AbortSignal;
  /** Aborts when the run has ended. */
  readonly runSignal: AbortSignal;
  readonly onChange: (change: Partial<Pick<ContainerStatus, 'ready' | 'started'>>) => void;
  /** Ends the run, which failed a probe for good. */
  readonly stop: () => Promise<void>;
}

/**
 * Resolves when the startup is over; the other probes go on. Readiness is asked for as long as the run lasts, the
 * others only until the pod begins to end.
 */
export async function watchRun(run: WatchedRun): Promise<void> {
  const { startupProbe, readinessProbe, livenessProbe } = run.place.container;
  const whilePodLives = AbortSignal.any([run.podSignal, run.runSignal]);
  if (startupProbe !== undefined && !(await hasStarted(run, startupProbe, whilePodLives))) return;
  if (readinessProbe !== undefined)
    void watch(run, { kind: 'readiness', probe: readinessProbe }, run.runSignal, (ready) => {
      run.onChange({ ready });
      return false;
    });
  if (livenessProbe !== undefined)
    void watch(run, { kind: 'liveness', probe: livenessProbe }, whilePodLives, (isAlive) => {
      if (!isAlive) void run.stop();
      return !isAlive;
    });
}

/** @returns whether it has; when not, it was stopped or has ended by itself */
async function hasStarted(run: WatchedRun, probe: ProbeSpec, signal: AbortSignal): Promise<boolean> {
  let started = false;
  await watch(run, { kind: 'startup', probe }, signal, (isSuccess) => {
    started = isSuccess;
    return true;
  });
  if (started) run.onChange({ started, ready: run.place.container.readinessProbe === undefined });
  else if (!signal.aborted) await run.stop();
  return started;
}

/** @param onVerdict see `keepProbing` */
function watch(
  { place, events, startMs }: WatchedRun,
  { kind, probe }: { readonly kind: string; readonly probe: ProbeSpec },
  signal: AbortSignal,
  onVerdict: (isSuccess: boolean) => boolean,
): Promise<void> {
  const { name } = place.container;
  let verdict: boolean | undefined;
  const probing = {
    probe,
    clock: place.clock,
    startMs,
    tryOnce: () => runProbe(probe, place),
    onTrial: ({ isSuccess, detail }: { readonly isSuccess: boolean; readonly detail: string }) => {
      if (!isSuccess) events.add('unhealthy', name, `${kind}: ${detail}`);
    },
    onVerdict: (isSuccess: boolean) => {
      const isEnd = onVerdict(isSuccess);
      if (isSuccess !== verdict) events.add('probe', name, `${kind} ${isSuccess ? 'passed' : 'failed'}`);
      verdict = isSuccess;
      return isEnd;
    },
  };
  return keepProbing(probing, signal);
}
