// An Envoy that serves without admin port is easily forgotten: it is said again from time to time.

import type { Log } from '../../runtime/log.ts';
import type { Roster } from '../roster.ts';

/** Runs until the signal aborts; whoever aborts it notifies `roster.changed`. */
export async function remindOfLostAdmin(
  { roster, log }: { readonly roster: Roster; readonly log: Log },
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!(await roster.changed.within(() => signal.aborted, everyMs))) {
    const { active } = roster;
    if (active?.adminLost !== true || !active.alive) continue;
    log.warn(
      `epoch ${active.epoch} still serves without admin port: no statistics, no drain but over a kept connection`,
    );
  }
}
