// What happens when, once the agent is told to end: computed from the settings before it is needed, as one line for the
// log and a warning for each setting that cannot be kept. Contradictions without a time: config/shutdown-config.ts.

import type { AgentConfig } from '../config/agent-config.ts';
import type { ExitOnZero, ShutdownConfig } from '../config/shutdown-config.ts';
import type { SupervisionConfig } from '../config/supervision-config.ts';
import { AFTER_ENVOY_MS, RESERVE_MS } from '../envoy/end/ending.ts';
import { POLL_MS } from '../envoy/end/open-watch.ts';
import { formatDuration } from '../runtime/duration.ts';

export interface ShutdownTimeline {
  /** For people. Times count from the signal, unless they are `later` than what stands before. */
  readonly line: string;
  /** Each names the settings at odds and says what counts. */
  readonly warnings: readonly string[];
}

/** Milliseconds from the signal; Infinity: no limit. */
interface Moments {
  readonly drain: number;
  /** When Envoy is told to end by the settings alone. */
  readonly earliest: number;
  readonly latest: number;
  /** When it is because the pod's grace period is nearly over. */
  readonly deadline: number;
}

export function shutdownTimeline(
  config: Pick<AgentConfig, 'supervision' | 'proxyConfig' | 'env'>,
): ShutdownTimeline {
  const { shutdown } = config.supervision;
  const moments = momentsOf(shutdown);
  const { closing, unreached } = listenersClose(config.supervision, moments);
  const steps = [drainStep(moments), ...closing, ...endSteps(shutdown, moments)].join(', ');
  const grace = shutdown.podGraceMs === undefined ? 'unknown' : formatDuration(shutdown.podGraceMs);
  return {
    line: [`Once told to end: ${steps}`, `grace period ${grace}`, ...unreached].join('; '),
    warnings: [...unread(config), ...outOfTime(shutdown, moments)],
  };
}

function momentsOf(shutdown: ShutdownConfig): Moments {
  const { preDrainDelayMs: drain, terminationDrainMs, exitOnZero, podGraceMs = Infinity } = shutdown;
  const deadline = Math.max(0, podGraceMs - RESERVE_MS);
  if (exitOnZero === undefined) {
    const at = drain + terminationDrainMs;
    return { drain, earliest: at, latest: at, deadline };
  }
  const { minimumDrainMs, maximumDrainMs = Infinity } = exitOnZero;
  const latest = drain + maximumDrainMs;
  return { drain, earliest: Math.min(drain + minimumDrainMs + POLL_MS, latest), latest, deadline };
}

function drainStep({ drain, deadline }: Moments): string {
  return drain < deadline ? `drain at ${formatDuration(drain)}` : 'no drain';
}

/** From the first signal that Envoy gets. */
function endSteps(shutdown: ShutdownConfig, moments: Moments): readonly string[] {
  const { exitOnZero, terminationGraceMs, podGraceMs = Infinity } = shutdown;
  const earliest = Math.min(moments.earliest, moments.deadline);
  const latest = Math.min(moments.latest, moments.deadline);
  const word = terminationGraceMs > 0 ? 'SIGTERM' : 'SIGKILL';
  const isOpen = exitOnZero !== undefined && earliest !== latest;
  const first = isOpen
    ? `${word} to Envoy once no ${one(exitOnZero)} is open, from ${formatDuration(earliest)} on ${limitText(latest)}`
    : `${word} to Envoy at ${formatDuration(earliest)}`;
  if (terminationGraceMs === 0) return [first];
  const killed = (terminatedMs: number): number =>
    Math.min(terminatedMs + terminationGraceMs, Math.max(terminatedMs, podGraceMs - AFTER_ENVOY_MS));
  if (!isOpen) return [first, `SIGKILL at ${formatDuration(killed(earliest))}`];
  const isCut = killed(latest) < latest + terminationGraceMs;
  const limit = isCut ? `, at ${formatDuration(killed(latest))} at the latest` : '';
  return [first, `SIGKILL ${formatDuration(terminationGraceMs)} later${limit}`];
}

function one({ of }: ExitOnZero): string {
  return of === 'connections' ? 'connection' : 'request';
}

function limitText(latestMs: number): string {
  return latestMs === Infinity ? 'without limit' : `and at ${formatDuration(latestMs)} at the latest`;
}

/**
 * Without hot restart Envoy closes the listeners that drain when its own drain time is over, which by default it does
 * not live to see. With it, it is told not to.
 */
function listenersClose(
  { hotRestart, drainMs }: SupervisionConfig,
  { drain, latest, deadline }: Moments,
): Readonly<Record<'closing' | 'unreached', readonly string[]>> {
  if (hotRestart) return { closing: [], unreached: [] };
  const closeMs = drain + drainMs;
  if (closeMs > Math.min(latest, deadline))
    return { closing: [], unreached: [`drainDuration ${formatDuration(drainMs)} is not reached`] };
  return { closing: [`draining listeners close at ${formatDuration(closeMs)}`], unreached: [] };
}

/** What is set and never read. */
function unread({
  supervision,
  proxyConfig,
  env,
}: Parameters<typeof shutdownTimeline>[0]): readonly string[] {
  const { exitOnZero } = supervision.shutdown;
  const { terminationDrainDuration: origin = 'default' } = proxyConfig.origins;
  const isSet = origin !== 'default' || env.terminationDrainSeconds !== undefined;
  if (exitOnZero === undefined || !isSet) return [];
  const { of } = exitOnZero;
  return [
    `terminationDrainDuration has no effect: with EXIT_ON_ZERO_ACTIVE_${of.toUpperCase()} the end waits for open ${of}`,
  ];
}

/** What the pod's grace period leaves no time for: one warning, of what counts most. */
function outOfTime(shutdown: ShutdownConfig, moments: Moments): readonly string[] {
  const { podGraceMs, exitOnZero, terminationGraceMs } = shutdown;
  if (podGraceMs === undefined) return [];
  const { drain, earliest, latest, deadline } = moments;
  const grace = `the grace period of ${formatDuration(podGraceMs)} (TERMINATION_GRACE_PERIOD_SECONDS)`;
  if (deadline === 0) return [`${grace} leaves no time to drain`];
  if (drain >= deadline) return [`${named('PRE_DRAIN_DELAY', drain)} and ${grace} leave no time to drain`];
  const then = `: ${endSteps(shutdown, moments).join(', ')}`;
  if (exitOnZero === undefined) {
    if (latest <= deadline && latest + terminationGraceMs <= podGraceMs) return [];
    const parts = waits(shutdown);
    return [`${parts.join(' + ')} ${parts.length > 1 ? 'do' : 'does'} not fit into ${grace}${then}`];
  }
  if (earliest > deadline) {
    const minimum = named('MINIMUM_DRAIN_DURATION', exitOnZero.minimumDrainMs);
    return [`${minimum} does not fit into ${grace}, no ${one(exitOnZero)} is waited for${then}`];
  }
  const { maximumDrainMs } = exitOnZero;
  if (maximumDrainMs === undefined || latest <= deadline) return [];
  return [`${named('MAXIMUM_DRAIN_DURATION', maximumDrainMs)} does not fit into ${grace}${then}`];
}

function waits(shutdown: ShutdownConfig): readonly string[] {
  const { preDrainDelayMs, terminationDrainMs, terminationGraceMs } = shutdown;
  const all: [string, number][] = [
    ['PRE_DRAIN_DELAY', preDrainDelayMs],
    ['terminationDrainDuration', terminationDrainMs],
    ['ENVOY_TERM_GRACE', terminationGraceMs],
  ];
  return all.flatMap(([name, ms]) => (ms > 0 ? [named(name, ms)] : []));
}

function named(name: string, ms: number): string {
  return `${name} ${formatDuration(ms)}`;
}
