// Keeps the kept admin connections alive: a word now and then, and a new one while Envoy still owns its port.

import type { Epoch } from '../process/epoch.ts';
import { isLive, type AdminAccess } from '../process/launcher.ts';
import type { Roster } from '../roster.ts';

export interface LifelineKeeperDeps {
  readonly roster: Roster;
  readonly admin: AdminAccess;
}

/** Runs until the signal aborts; whoever aborts it notifies `roster.changed`. */
export async function keepLifelines(
  { roster, admin }: LifelineKeeperDeps,
  pingMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!(await roster.changed.within(() => signal.aborted, pingMs))) {
    for (const epoch of roster.alive) await ping(epoch);
    const { active } = roster;
    if (active?.lifeline === undefined && active?.alive) await attachLifeline(active, admin);
  }
}

/** Connects to the admin port if it is this Envoy that owns it; otherwise, and on failure, does nothing. */
export async function attachLifeline(epoch: Epoch, admin: AdminAccess): Promise<void> {
  // without it only a later failure is harder to handle, and it is tried again
  const lifeline = await admin.openLifeline().catch(() => undefined);
  if (lifeline === undefined) return;
  const owner = await lifeline.admin.serverInfo().catch(() => undefined); // no answer: not this Envoy's
  if (epoch.alive && epoch.lifeline === undefined && isLive(owner, epoch)) epoch.lifeline = lifeline;
  else await lifeline.close();
}

async function ping(epoch: Epoch): Promise<void> {
  const { lifeline } = epoch;
  if (lifeline === undefined) return;
  try {
    await lifeline.admin.serverInfo();
  } catch {
    epoch.lifeline = undefined; // it broke, or Envoy hangs: both end its use
    await lifeline.close();
  }
}
