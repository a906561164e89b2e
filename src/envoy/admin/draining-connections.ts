// How many connections an old Envoy still serves. It has given its admin port away; only the connection that was kept
// to it from before can ask.

import { ACTIVE_CONNECTIONS_FILTER, activeConnections, NO_STATISTICS } from './connections.ts';
import type { Epoch } from '../process/epoch.ts';

/** By generation; without those that cannot be asked or do not know. */
export async function drainingConnections(draining: readonly Epoch[]): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  await Promise.all(
    draining.map(async ({ generation, lifeline }) => {
      // no answer: it is ending, and nothing is left to count
      const page = await lifeline?.admin.stats(ACTIVE_CONNECTIONS_FILTER).catch(() => undefined);
      const count = page === undefined ? NO_STATISTICS : activeConnections(page, []);
      if (count !== NO_STATISTICS) counts.set(generation, count);
    }),
  );
  return counts;
}
