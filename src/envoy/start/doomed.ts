// An Envoy whose parent died before its time. It serves, but aborts ten seconds after it wanted to end that parent,
// and cannot hand over either. So the moment is chosen here: it is made sure that the same configuration works, and
// then it is replaced, which takes a fraction of a second.

import type { Log } from '../../runtime/log.ts';
import type { Epoch } from '../process/epoch.ts';
import type { AdminAccess } from '../process/launcher.ts';
import { preflight, type PreflightDeps } from '../restart/preflight.ts';
import type { Roster } from '../roster.ts';
import type { EnvoySettings } from '../settings.ts';

export interface DoomedDeps extends PreflightDeps {
  readonly log: Log;
  readonly roster: Roster;
  readonly admin: AdminAccess;
}

/**
 * Ends it for a cold start, unless that would not succeed: then it serves for as long as it can.
 *
 * @param stop the agent ends
 */
export async function endDoomed(
  doomed: Epoch,
  deps: DoomedDeps,
  settings: EnvoySettings,
  stop: AbortSignal,
): Promise<void> {
  const { log, roster, admin } = deps;
  doomed.doomed = true;
  const title = `epoch ${doomed.epoch}`;
  log.error(`the draining Envoy died early: ${title} would abort and is started again`, { pid: doomed.pid });
  if (settings.restartPolicy === 'never') return;
  const listeners = await admin.fresh.listeners().catch(() => []); // then a port of its own looks taken
  const verdict = await preflight(
    deps,
    {
      program: settings,
      bootstrap: doomed.launch.bootstrap,
      ownAddresses: listeners.flatMap(({ addresses }) => addresses),
      timeoutMs: settings.timing.preflightTimeoutMs,
    },
    stop,
  );
  if (stop.aborted || roster.active !== doomed || !doomed.alive) return;
  if (verdict.ok) doomed.kill();
  else log.warn(`${title} is left to itself: ${verdict.why}`, { pid: doomed.pid });
}
