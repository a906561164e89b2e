// What follows a candidate that did not come up: it is ended for certain, the mark it left in shared memory is wiped,
// and it is found out what it has cost the Envoy that serves.

import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { isRefused } from '../admin/admin-client.ts';
import { describeExit, type Epoch } from '../process/epoch.ts';
import { isLive, type AdminAccess, type LiveResult } from '../process/launcher.ts';
import { envoyWords } from '../process/output.ts';
import type { Recipes } from '../process/recipe.ts';
import type { Roster } from '../roster.ts';
import type { SupervisorTiming } from '../settings.ts';
import { untilStop } from '../until-stop.ts';
import type { StuckFlag } from '../memory/stuck-flag.ts';

export interface RollbackDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly roster: Roster;
  readonly admin: AdminAccess;
  readonly recipes: Recipes;
  readonly flag: StuckFlag;
  readonly timing: SupervisorTiming;
  /** Called with the old Envoy when it begins to drain. */
  readonly onDraining: (epoch: Epoch) => void;
}

export interface Failure {
  readonly why: string;
  /** The candidate failed over something that is over, or will be soon, and did no harm. */
  readonly retryable: boolean;
}

/** A candidate that ends with code 0 has told its parent to end as well; it does so within this time. */
const PARENT_FOLLOWS_MS = 1000;
/** The other way round: the parent may be seen to end first. */
const CHILD_FOLLOWS_MS = 200;
/** Looks at an admin port before an answer that does not come counts as none. */
const LOOKS = 3;
/** Envoy's words for what a repair, or a little time, mends. */
const TRANSIENT = ['previous envoy process is still initializing', 'errno=98'];

/**
 * After it the phase is `running`, `degraded`, or there is no active Envoy.
 *
 * @param active the Envoy it was to take over from
 * @param stop the agent ends
 */
export async function rollBack(
  active: Epoch,
  candidate: Epoch,
  result: Exclude<LiveResult, 'live'>,
  deps: RollbackDeps,
  stop: AbortSignal,
): Promise<Failure> {
  const { roster, recipes, timing } = deps;
  const tookParent = active.exit?.code === 0; // told to end by its child, which is about to end itself
  if (tookParent) await roster.changed.within(() => !candidate.alive, CHILD_FOLLOWS_MS);
  candidate.kill(); // SIGTERM would end the parent as well
  const exit = await candidate.exited;
  const itself = result === 'exited' || exit.code === 0;
  const why = itself ? failureOf(candidate) : expiryOf(active, timing, stop);
  const transient = TRANSIENT.some((words) => candidate.stderrLines.some((line) => line.includes(words)));
  const refused = itself && (exit.code === 0 || exit.code === 1) && !transient;
  if (refused || tookParent) recipes.refused(candidate, why);
  if (exit.code === 0) await roster.changed.within(() => !active.alive, PARENT_FOLLOWS_MS);
  const [lostAdmin, flagBefore] = [
    await hasLostAdmin(active, candidate, deps, stop),
    await deps.flag.read(active),
  ];
  const flag = await deps.flag.repair(active);
  if (!active.alive) return { why, retryable: false };
  if (lostAdmin && flagBefore === 'clear') abandon(active, candidate, why, deps);
  else if (lostAdmin) degrade(active, flag === 'clear', why, deps);
  else roster.setPhase('running', why);
  return { why, retryable: transient && !lostAdmin && flag === 'clear' };
}

/** The bit is cleared when workers start: the candidate was LIVE, and the old Envoy has closed its listeners for good. */
function abandon(active: Epoch, candidate: Epoch, why: string, deps: RollbackDeps): void {
  const { roster, recipes, clock, onDraining } = deps;
  recipes.refused(candidate, why);
  roster.abandon(clock.monotonicMs() + candidate.launch.bootstrap.arguments.parentShutdownDurationMs);
  onDraining(active);
}

function degrade(active: Epoch, repairable: boolean, why: string, { roster, log }: RollbackDeps): void {
  active.adminLost = true;
  active.repairable = repairable;
  roster.setPhase('degraded', why);
  const next = repairable
    ? 'it is replaced by one of the same configuration'
    : 'only a cold restart brings it back';
  log.warn(`epoch ${active.epoch} serves without admin port: ${next}`);
}

/** A port that is closed, not one that is only slow to answer. */
async function hasLostAdmin(
  active: Epoch,
  candidate: Epoch,
  deps: RollbackDeps,
  stop: AbortSignal,
): Promise<boolean> {
  if (candidate.info !== undefined) return true; // it answered there, so the old one had left
  // the end of the agent finds out by itself when it asks for the drain
  for (let look = 0; look < LOOKS && active.alive && !stop.aborted; look += 1) {
    try {
      if (isLive(await untilStop(deps.admin.fresh.serverInfo(), deps.roster, stop), active)) return false;
    } catch (error) {
      if (isRefused(error)) return true;
    }
    await deps.roster.changed.within(() => !active.alive || stop.aborted, deps.timing.livePollMs);
  }
  return false;
}

function failureOf(candidate: Epoch): string {
  const exit = candidate.exit === undefined ? 'ended' : describeExit(candidate.exit);
  return `${exit} before it was live: ${envoyWords(candidate.stderrLines)}`;
}

function expiryOf(active: Epoch, timing: SupervisorTiming, stop: AbortSignal): string {
  if (!active.alive) return 'the active Envoy ended while its successor was starting';
  if (stop.aborted) return 'the agent is ending';
  return `not live within ${timing.handoffTimeoutMs} ms`;
}
