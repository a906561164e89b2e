// The harmless rule that proves that the kernel takes rules. A run that is killed between setting and removing it
// leaves it behind; the next one finds it by its text. Pure.

/** Matches protocol 255, which nobody sends. */
export const PROBE_ARGUMENTS: readonly string[] = ['INPUT', '-p', '255', '-j', 'RETURN'];

const SAVED = `-A ${PROBE_ARGUMENTS.join(' ')}`;

/** How many a killed run has left. */
export function countLeftProbes(dump: string): number {
  return dump.split('\n').filter((line) => line === SAVED).length;
}

/** The dump as it is without them. */
export function withoutLeftProbes(dump: string): string {
  return dump
    .split('\n')
    .filter((line) => line !== SAVED)
    .join('\n');
}
