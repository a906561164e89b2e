// An end that waits until nothing is open: a minimum, then a look every second.
// Upstream: istio 1.31 pkg/envoy/agent.go terminate, with EXIT_ON_ZERO_ACTIVE_CONNECTIONS.

import type { ExitOnZero } from '../../config/shutdown-config.ts';
import { formatDuration, SECOND_MS } from '../../runtime/duration.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { NO_STATISTICS } from '../admin/connections.ts';
import type { DrainWaits, DrainWaitsDeps } from './drain-waits.ts';

export interface OpenWatchDeps extends DrainWaitsDeps {
  readonly log: Log;
  /** What is open now, or `NO_STATISTICS`. @throws AdminUnreachable */
  readonly count: () => Promise<number>;
}

/** Between two looks, and from the minimum to the first one. */
export const POLL_MS = SECOND_MS;
const MAX_FAILED_LOOKS = 5;

/** Ends when nothing is open, when that cannot be found out, or when there is no time left. */
export async function untilNothingIsOpen(
  deps: OpenWatchDeps,
  { of, minimumDrainMs }: ExitOnZero,
  waits: DrainWaits,
): Promise<void> {
  const { log, clock } = deps;
  const minimum = formatDuration(minimumDrainMs);
  log.info(`Agent draining proxy for ${minimum}, then waiting for active ${of} to terminate...`);
  if (!(await waits.wait('minimum drain', minimumDrainMs))) return;
  log.info(`Checking for active ${of}...`);
  waits.enter(of);
  let lookAtMs = clock.monotonicMs();
  for (let failures = 0; failures < MAX_FAILED_LOOKS;) {
    lookAtMs = Math.max(lookAtMs + POLL_MS, clock.monotonicMs()); // a late answer does not shift the looks after it
    if (!(await waits.sleep(lookAtMs - clock.monotonicMs()))) return;
    try {
      if (await isOver(deps, of, waits)) return;
      failures = 0;
    } catch (error) {
      failures += 1;
      log.warn(
        `Envoy does not tell its active ${of} (${failures} of ${MAX_FAILED_LOOKS}): ${messageOf(error)}`,
      );
    }
  }
}

/** One look. @throws AdminUnreachable */
async function isOver(
  { log, ending, count }: OpenWatchDeps,
  of: ExitOnZero['of'],
  waits: DrainWaits,
): Promise<boolean> {
  const look = await waits.outcome(count());
  if (look === undefined) return true; // there is no time left
  const open = look.value;
  if (open === NO_STATISTICS) log.info(`Envoy has no statistics of active ${of}. terminating proxy...`);
  else if (open === 0) log.info(`There are no more active ${of}. terminating proxy...`);
  else log.info(`There are still ${open} active ${of}`);
  if (open > 0) ending.noteOpen(open);
  return open <= 0;
}
