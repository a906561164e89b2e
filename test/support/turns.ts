// Waiting for what other sockets of this process do, without waiting for time.

import { setImmediate as nextTurn } from 'node:timers/promises';

const PATIENCE_MS = 10_000;

/** Turns of the event loop until something holds. @throws when it never does */
export async function turnsUntil(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`never: ${holds.toString()}`);
    await nextTurn();
  }
}

/** Some turns: time for what should not happen. */
export async function someTurns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}
