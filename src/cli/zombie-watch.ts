// The agent as PID 1, with no init before it: what other processes leave behind falls to it, and Node takes notice
// only of the end of its own children. It cannot change that; it says so.

import type { Clock } from '../runtime/clock.ts';
import { MINUTE_MS } from '../runtime/duration.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { zombiesOf } from '../runtime/zombies.ts';

export interface ZombieWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: this process. */
  readonly pid?: number;
  /** Pids of its children that have ended; default: as /proc has them. */
  readonly zombies?: () => Promise<readonly number[]>;
}

const INIT_PID = 1;
const PERIOD_MS = MINUTE_MS;

const REMEDY =
  'keep the entrypoint of the image, which is an init (tini), or set shareProcessNamespace in the pod';

/** Runs `work`. As PID 1 it looks for zombies meanwhile, once a minute, and warns whenever there are more than ever. */
export async function watchingZombies<T>(deps: ZombieWatchDeps, work: () => Promise<T>): Promise<T> {
  const { pid = process.pid } = deps;
  if (pid !== INIT_PID) return work();
  const over = new AbortController();
  const watched = watchZombies(deps, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    await watched;
  }
}

async function watchZombies(
  { clock, log, zombies = () => zombiesOf(INIT_PID) }: ZombieWatchDeps,
  signal: AbortSignal,
): Promise<void> {
  let told = 0;
  let before: ReadonlySet<number> = new Set();
  while (await elapsed(clock, signal)) {
    const now = await zombies().catch((error: unknown) => {
      log.debug(`cannot look for zombies: ${messageOf(error)}`);
      return [];
    });
    const lasting = now.filter((zombie) => before.has(zombie)).length; // a child of ours is gone after a moment
    before = new Set(now);
    if (lasting <= told) continue;
    told = lasting;
    log.warn(
      `ended processes stay in the process table, ${lasting} so far, because the agent is PID 1: ${REMEDY}`,
    );
  }
}

/** False: the signal came first. */
function elapsed(clock: Clock, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(PERIOD_MS, signal).then(
    () => true,
    () => false,
  );
}
