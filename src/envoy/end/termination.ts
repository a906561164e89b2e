// The orderly end: the drain, then SIGTERM, then SIGKILL. Nothing of ours is alive afterwards.
// Upstream: istio 1.31 pkg/envoy/agent.go terminate; the SIGTERM before the SIGKILL is ours.

import { formatDuration } from '../../runtime/duration.ts';
import type { Roster } from '../roster.ts';
import type { EnvoySettings } from '../settings.ts';
import { drain, type DrainDeps } from './drain.ts';
import { proxyToDrain } from './drain-request.ts';

export type TerminationDeps = DrainDeps;

/** To be called once `ending` has begun. */
export async function terminate(deps: TerminationDeps, settings: EnvoySettings): Promise<void> {
  const { roster, log, ending } = deps;
  roster.setPhase('draining', 'the agent ends');
  log.info('Agent draining Proxy for termination');
  if (settings.hotRestart) roster.candidate?.kill(); // it serves nobody, and is not to begin now
  if (ending.hurried) log.info('Agent already drained, exiting immediately');
  else await drain(proxyToDrain(roster, settings), deps, settings);
  roster.setPhase('terminating', 'drained');
  if (roster.alive.length === 0) return;
  await endAll(deps, settings.shutdown.terminationGraceMs);
  log.info('Envoy aborted normally');
}

/** SIGTERM to the newest, which passes it on to its parent; SIGKILL to whatever is left after the grace. */
async function endAll({ roster, log, ending }: TerminationDeps, wantedGraceMs: number): Promise<void> {
  const graceMs = ending.boundedGraceMs(wantedGraceMs);
  log.warn('Aborting proxy');
  if (graceMs > 0) {
    ending.enter('exit', graceMs);
    terminateNewest(roster);
    await roster.changed.within(() => roster.alive.length === 0, graceMs);
    for (const { pid } of roster.alive)
      log.warn(`Envoy has not ended within ${formatDuration(graceMs)} and is killed`, { pid });
  }
  for (const epoch of roster.alive) epoch.kill();
  await roster.changed.until(() => roster.alive.length === 0);
  await roster.settled();
  log.warn('Aborted proxy instance');
}

function terminateNewest({ active, candidate, draining }: Roster): void {
  const orphans = draining.filter(({ orphaned }) => orphaned);
  for (const epoch of [active ?? candidate, ...orphans]) epoch?.terminate();
}
