// The old Envoy after a handoff. Its child ends it; the supervisor only steps in when there is no child any
// more, or when it is long overdue. Any earlier signal would make the child abort at its next word to it.

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Epoch } from './process/epoch.ts';
import type { Roster } from './roster.ts';
import type { SupervisorTiming } from './settings.ts';

export interface DrainingDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly roster: Roster;
  readonly timing: SupervisorTiming;
  /** Called with an Envoy that cannot end its parent any more. */
  readonly onDoomed: (epoch: Epoch) => void;
}

/** An Envoy without child is ended by us: SIGTERM, and after this SIGKILL. */
const ORPHAN_GRACE_MS = 5000;
/** Envoy's timer and ours differ a little. */
const DUE_TOLERANCE_MS = 1000;

/** Ends when the Envoy has. */
export async function watchDraining(epoch: Epoch, deps: DrainingDeps): Promise<void> {
  const { clock, log, roster, timing } = deps;
  const dueMs = epoch.terminateDueMs ?? clock.monotonicMs();
  const gone = (): boolean => !epoch.alive;
  const left = (untilMs: number): number => untilMs - clock.monotonicMs();
  const overdueMs = dueMs + timing.drainingOverdueMs;
  await roster.changed.within(() => gone() || epoch.orphaned, left(overdueMs));
  if (epoch.orphaned && !(await roster.changed.within(gone, left(dueMs)))) {
    epoch.terminate();
    await roster.changed.within(gone, ORPHAN_GRACE_MS);
  }
  if (epoch.alive) {
    log.error(`Envoy epoch ${epoch.epoch} is overdue and is killed`, { pid: epoch.pid });
    epoch.kill();
  }
  await epoch.exited;
  foretell(epoch, left(dueMs), deps);
}

/** A child that finds its parent gone aborts when it should tell it to end. */
function foretell(epoch: Epoch, earlyMs: number, { roster, onDoomed }: DrainingDeps): void {
  const { active } = roster;
  if (active?.parent !== epoch) return; // nobody speaks to it any more
  if (epoch.asked || epoch.exit?.code === 0 || earlyMs <= DUE_TOLERANCE_MS) return;
  onDoomed(active);
}
