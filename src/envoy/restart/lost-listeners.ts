// Whether a new Envoy has the listeners its predecessor had. At LIVE the old one has closed them, so one that the new
// one lacks is served by nobody.

import type { AdminClient, AdminListener } from '../admin/admin-client.ts';
import type { Epoch } from '../process/epoch.ts';

/**
 * Names of the listeners that are lost. One that came with the old bootstrap and is not in a new one was left out on
 * purpose.
 *
 * @param before of the old Envoy, before the new one was started
 * @param fresh the new one's admin port
 */
export async function lostListeners(
  old: Epoch,
  replacement: Epoch,
  before: readonly AdminListener[],
  fresh: AdminClient,
): Promise<readonly string[]> {
  const after = await fresh.listeners().catch(() => undefined); // then nothing can be compared
  if (after === undefined) return [];
  const missing = before
    .map(({ name }) => name)
    .filter((name) => after.every((other) => other.name !== name));
  const sameBootstrap = old.launch.bootstrap.hash === replacement.launch.bootstrap.hash;
  if (missing.length === 0 || sameBootstrap) return missing;
  // the old one still answers over its kept connection; without an answer all count as lost
  const fromBootstrap = (await old.lifeline?.admin.staticListeners().catch(() => [])) ?? [];
  return missing.filter((name) => !fromBootstrap.includes(name));
}
