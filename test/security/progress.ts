// Letting real sockets work while a fake clock stands.

import { setImmediate as turn } from 'node:timers/promises';

/** Waits, turn by turn of the event loop, until the condition holds; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Lets the event loop turn often enough for what should not happen to happen. */
export async function turns(count = 50): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}
