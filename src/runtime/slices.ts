// Long loops on the one thread, cut so that requests are answered in between.

import { setImmediate } from 'node:timers/promises';

/** Items between two pauses, for work of some microseconds each. */
const SLICE = 100;

/** Longest time between two pauses, milliseconds, when single items are much work. */
const SLICE_MS = 4;

/** Calls `act` for one item after the other, and lets other work run after every hundred of them, or sooner. */
export async function forEachInSlices<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
  let count = 0;
  let startMs = performance.now();
  for (const item of items) {
    act(item);
    count += 1;
    if (count < SLICE && performance.now() - startMs < SLICE_MS) continue;
    await setImmediate();
    count = 0;
    startMs = performance.now();
  }
}
