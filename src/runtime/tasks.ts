// Long-running parts are tasks; this file owns how several of them live and end together.

export type Task = (signal: AbortSignal) => Promise<void>;

/** Runs every task until all end; the first failure aborts the others and is rethrown. */
export async function runTasks(parent: AbortSignal, tasks: readonly Task[]): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([parent, failed.signal]);
  const fail = (error: unknown): void => {
    if (error !== parent.reason) failed.abort(error); // the parent's own reason is a normal stop
  };
  await Promise.all(tasks.map((task) => task(signal).catch(fail)));
  failed.signal.throwIfAborted();
}

/**
 * Waits for `promise` or for the signal, whichever comes first; rejects with the signal's reason. A promise that
 * rejects after the signal is nobody's any more.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What the promise has resolved to by now; undefined while it has not. */
export function ifResolved<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, Promise.resolve(undefined)]);
}

/** Resolves when the signal aborts; at once when it already has. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
