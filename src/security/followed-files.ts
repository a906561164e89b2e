// Files of secrets that are read whenever they change, though nobody asks for them: what is written from them
// elsewhere follows.

import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { abortable } from '../runtime/tasks.ts';

export interface FollowDeps {
  /** Reads one secret, and writes it. @returns false when no file stands for it. A failure is told there. */
  readonly read: (name: string, signal: AbortSignal) => Promise<boolean>;
  readonly onChange: (listener: (name: string) => void) => () => void;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** Between two looks for files that are not there, or cannot be used: nobody tells when they can. */
const LOOK_MS = 30 * SECOND_MS;

/** Ends only by the signal. */
export async function followFile(name: string, deps: FollowDeps, signal: AbortSignal): Promise<never> {
  for (;;) {
    const changed = Promise.withResolvers<void>();
    const unsubscribe = deps.onChange((one) => {
      if (one === name) changed.resolve();
    });
    try {
      const isRead = await deps.read(name, signal).catch(() => false);
      if (isRead) await abortable(changed.promise, signal);
      else await deps.clock.sleep(LOOK_MS, signal);
    } finally {
      unsubscribe();
    }
  }
}
