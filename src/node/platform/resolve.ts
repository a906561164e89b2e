// One question to the host's DNS servers that can be given up.

import { Resolver } from 'node:dns/promises';

/** IPv4 addresses of a name. Rejects when it has none, when no server answers, and when the signal aborts. */
export async function resolve4(name: string, signal: AbortSignal): Promise<readonly string[]> {
  signal.throwIfAborted();
  const resolver = new Resolver();
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    return await resolver.resolve4(name);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
