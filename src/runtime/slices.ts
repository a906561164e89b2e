// Long loops on the one thread, cut so that requests are answered in between.

import { setImmediate } from 'node:timers/promises';

/** Items between two pauses, for work of some microseconds each. */
const SLICE = 100;

/** Calls `act` for one item after the other, and lets other work run after every hundred of them. */
export async function forEachInSlices<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    act(item);
    count += 1;
    if (count % SLICE === 0) await setImmediate();
  }
}
