// An Envoy that hangs answers after two seconds at the earliest, which the end of the agent has not got.

import type { Roster } from './roster.ts';

/**
 * Waits for the answer of an Envoy, but not longer than until the agent is to end.
 *
 * @param stop whoever aborts it notifies `roster.changed`
 * @returns undefined: the agent is to end
 */
export async function untilStop<T>(
  answer: Promise<T>,
  { changed }: Pick<Roster, 'changed'>,
  stop: AbortSignal,
): Promise<T | undefined> {
  return (await changed.outcome(answer, () => stop.aborted))?.value;
}
