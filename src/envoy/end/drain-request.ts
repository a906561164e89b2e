// Asking Envoy to drain: which listeners, and for how long.
// Upstream: istio 1.31 pkg/envoy/proxy.go Drain.

import { askActive } from './admin-of.ts';
import type { Epoch } from '../process/epoch.ts';
import type { AdminAccess } from '../process/launcher.ts';
import type { Roster } from '../roster.ts';
import type { EnvoySettings } from '../settings.ts';

/** The Envoy to ask. Upstream, where there is one, does not ask whether it is live. */
export function proxyToDrain(
  { active, candidate }: Roster,
  { hotRestart }: EnvoySettings,
): Epoch | undefined {
  return hotRestart ? active : (active ?? candidate);
}

/**
 * POSTs the drain: of the inbound listeners of a sidecar, of all of a gateway.
 *
 * @param staysOpen Envoy asks its clients to leave without ever closing its listeners
 * @throws AdminUnreachable
 */
export function postDrain(
  active: Epoch,
  admin: AdminAccess,
  { drainInboundOnly }: EnvoySettings,
  staysOpen: boolean,
): Promise<void> {
  const direction = drainInboundOnly ? 'inboundonly&' : '';
  const query = `${direction}graceful${staysOpen ? '&skip_exit' : ''}`;
  return askActive(active, admin, (client) => client.drainListeners(query));
}
