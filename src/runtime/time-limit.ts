// Work that has to be over by a time: beyond it, it is told to end through its signal.

import type { Clock } from './clock.ts';
import { AgentError } from './errors.ts';

export interface TimeLimit {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly ms: number;
  /** What did not come in time, in words or as the error to end with. */
  readonly late: string | Error;
}

/**
 * Runs `work` with a signal that also aborts when the limit is over, with `late`, or an AgentError that says so.
 * Work that ignores its signal is waited for all the same; nothing of this call outlives it.
 */
export async function withTimeLimit<T>(
  { clock, ms, late }: TimeLimit,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const over = new AbortController();
  const timer = clock.sleep(ms, AbortSignal.any([signal, done.signal])).then(
    () => over.abort(typeof late === 'string' ? new AgentError(late, { retryable: true }) : late),
    () => undefined, // done in time, or nobody waits any more
  );
  try {
    return await work(AbortSignal.any([signal, over.signal]));
  } finally {
    done.abort();
    await timer;
  }
}
