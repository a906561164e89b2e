// A socket, stream or request that ends with an AbortSignal.

interface Destroyable {
  destroy(error: Error): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** As long as the target is open, an abort destroys it with the signal's reason; at once when it already happened. */
export function destroyOnAbort(target: Destroyable, signal: AbortSignal): void {
  const abort = (): void => void target.destroy(signal.reason as Error);
  target.once('close', () => signal.removeEventListener('abort', abort));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
}
