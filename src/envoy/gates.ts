// What must hold before a planned restart may start a process. At LIVE the old Envoy has closed its listeners
// already, so everything that can keep the new one from getting its own is asked before.

import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/errors.ts';
import type { AdminClient, ServerInfo } from './admin-client.ts';
import type { Epoch } from './epoch.ts';
import { isLive } from './launcher.ts';
import type { Roster } from './roster.ts';
import type { EnvoySettings } from './settings.ts';

export interface XdsReadiness {
  readonly ok: boolean;
  /** Why not, for people; empty when ok. */
  readonly reason: string;
}

export interface GateDeps {
  readonly clock: Clock;
  readonly roster: Roster;
  /** Control plane connected, and the last CDS and LDS acknowledged by this generation? */
  readonly xdsReady: (generation: number) => XdsReadiness;
}

export type GateResult =
  | { readonly ok: true; readonly hotRestartVersion: string | undefined }
  | { readonly ok: false; readonly why: string };

/**
 * Waits until every gate is open, at most `gateTimeoutMs`.
 *
 * @param admin undefined: the Envoy cannot be asked, it only counts that it lives
 */
export async function openGates(
  deps: GateDeps,
  settings: EnvoySettings,
  active: Epoch,
  admin: AdminClient | undefined,
  stop: AbortSignal,
): Promise<GateResult> {
  const { gatePollMs, gateTimeoutMs } = settings.timing;
  const deadlineMs = deps.clock.monotonicMs() + gateTimeoutMs;
  const closed = (): boolean => !active.alive || stop.aborted;
  for (;;) {
    const result = await look(deps, active, admin);
    if (result.ok || deps.clock.monotonicMs() >= deadlineMs) return result;
    await deps.roster.changed.within(closed, gatePollMs);
    if (!active.alive) return { ok: false, why: 'the active Envoy has ended' };
    if (stop.aborted) return { ok: false, why: 'the agent is ending' };
  }
}

async function look(deps: GateDeps, active: Epoch, admin: AdminClient | undefined): Promise<GateResult> {
  let info: ServerInfo | undefined;
  if (admin !== undefined) {
    try {
      info = await admin.serverInfo();
    } catch (error) {
      return { ok: false, why: `the active Envoy does not answer: ${messageOf(error)}` };
    }
    if (!isLive(info, active)) {
      return {
        ok: false,
        why: `the active Envoy is ${info.state} at epoch ${info.restartEpoch ?? 'unknown'}`,
      };
    }
  }
  const xds = deps.xdsReady(active.generation);
  if (!xds.ok) return { ok: false, why: xds.reason };
  return { ok: true, hotRestartVersion: info?.hotRestartVersion };
}
