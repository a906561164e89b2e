// What a first Envoy found in its way that has nothing to do with its configuration: another Envoy with its base id,
// or shared memory that cannot be used. Both show only when Envoy tries.

import type { Exit } from '../../runtime/spawn.ts';

export type StartObstacle = 'base id taken' | 'no shared memory';

/** Envoy's words when another Envoy has the sockets of its base id. */
const SOCKETS_TAKEN = 'unable to bind domain socket';
const NO_REGION = 'cannot open shared memory region';
/** Envoy may not remove the region another user's Envoy left. */
const REGION_TAKEN = 'File exists';

/**
 * @param stderr last lines of an Envoy of epoch 0 that was not live
 * @returns undefined when it ended for another reason
 */
export function startObstacle(exit: Exit, stderr: readonly string[]): StartObstacle | undefined {
  const told = (words: string): string | undefined => stderr.find((line) => line.includes(words));
  if (exit.code === 1 && told(SOCKETS_TAKEN) !== undefined) return 'base id taken';
  if (exit.signal === 'SIGBUS') return 'no shared memory'; // what a write to a full file system ends with
  const region = exit.signal === 'SIGABRT' ? told(NO_REGION) : undefined;
  if (region === undefined) return undefined;
  return region.includes(REGION_TAKEN) ? 'base id taken' : 'no shared memory';
}
