// The orderly end: ask Envoy to drain, give its connections time, SIGTERM, SIGKILL. Nothing of ours is alive
// afterwards. Upstream: istio 1.31 pkg/envoy/agent.go terminate; the SIGTERM before the SIGKILL is ours.

import { formatDuration, SECOND_MS } from '../../runtime/duration.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { isRefused, type AdminClient } from '../admin/admin-client.ts';
import { ACTIVE_CONNECTIONS_FILTER, activeConnections, NO_STATISTICS } from '../admin/connections.ts';
import type { Epoch } from '../process/epoch.ts';
import type { AdminAccess } from '../process/launcher.ts';
import type { Roster } from '../roster.ts';
import type { ExitOnZero } from '../../config/shutdown-config.ts';
import { drainQuery, type EnvoySettings } from '../settings.ts';

export interface TerminationDeps {
  readonly log: Log;
  readonly roster: Roster;
  readonly admin: AdminAccess;
}

const POLL_MS = SECOND_MS;
const MAX_FAILED_POLLS = 5;

/**
 * @param skipDrain whether Envoy was drained before, or is to end at once
 */
export async function terminate(
  deps: TerminationDeps,
  settings: EnvoySettings,
  skipDrain: () => boolean,
): Promise<void> {
  const { roster, log } = deps;
  const { active, candidate } = roster;
  roster.setPhase('draining', 'the agent ends');
  log.info('Agent draining Proxy for termination');
  // upstream, where there is one Envoy, does not ask whether it is live
  const proxy = settings.hotRestart ? active : (active ?? candidate);
  if (skipDrain()) log.info('Agent already drained, exiting immediately');
  else if (proxy !== undefined) await drainActive(proxy, deps, settings, skipDrain);
  roster.setPhase('terminating', 'drained');
  if (roster.alive.length === 0) return;
  await endAll(deps, settings.shutdown.terminationGraceMs);
  log.info('Envoy aborted normally');
}

/** POSTs the drain. @throws AdminUnreachable */
export function postDrain(active: Epoch, admin: AdminAccess, query: string): Promise<void> {
  return asking(active, admin, (client) => client.drainListeners(query));
}

/** Over a new connection, or over the kept one of an Envoy that has lost its admin port. */
async function asking<T>(
  active: Epoch,
  { fresh }: AdminAccess,
  ask: (client: AdminClient) => Promise<T>,
): Promise<T> {
  try {
    return await ask(fresh);
  } catch (error) {
    if (active.lifeline === undefined || !isRefused(error)) throw error;
    return ask(active.lifeline.admin);
  }
}

async function drainActive(
  active: Epoch,
  deps: TerminationDeps,
  settings: EnvoySettings,
  skipDrain: () => boolean,
): Promise<void> {
  const { log, roster, admin } = deps;
  await postDrain(active, admin, drainQuery(settings)).catch((error: unknown) => {
    log.warn(`Envoy cannot be asked to drain: ${messageOf(error)}`); // it gets its time all the same
  });
  const over = (): boolean => !active.alive || skipDrain();
  const { exitOnZero, terminationDrainMs } = settings.shutdown;
  if (exitOnZero !== undefined) return untilNoConnections(active, deps, exitOnZero, over);
  log.info(`Graceful termination period is ${formatDuration(terminationDrainMs)}, starting...`);
  if (await roster.changed.within(over, terminationDrainMs))
    return log.info('Graceful termination logic ended prematurely');
  log.info('Graceful termination period complete, terminating remaining proxies.');
}

async function untilNoConnections(
  active: Epoch,
  deps: TerminationDeps,
  { minimumDrainMs, ignoredPorts }: ExitOnZero,
  over: () => boolean,
): Promise<void> {
  const { log, roster } = deps;
  const minimum = formatDuration(minimumDrainMs);
  log.info(`Agent draining proxy for ${minimum}, then waiting for active connections to terminate...`);
  await roster.changed.within(over, minimumDrainMs);
  log.info('Checking for active connections...');
  let failures = 0;
  while (!(await roster.changed.within(over, POLL_MS))) {
    const open = await countConnections(active, deps, ignoredPorts);
    failures = open === undefined ? failures + 1 : 0;
    if (open === NO_STATISTICS || failures >= MAX_FAILED_POLLS) break;
    if (open === 0) return log.info('There are no more active connections. terminating proxy...');
    if (open !== undefined) log.info(`There are still ${open} active connections`);
  }
}

/**
 * Connections of the active Envoy and of those that drain beside it: while they do, the numbers of their
 * connections are not in its own answer. Undefined when the active one does not answer.
 */
async function countConnections(
  active: Epoch,
  { roster, admin }: TerminationDeps,
  ignoredPorts: readonly number[],
): Promise<number | undefined> {
  const stats = (client: AdminClient): Promise<string> => client.stats(ACTIVE_CONNECTIONS_FILTER);
  const body = await asking(active, admin, stats).catch(() => undefined); // counted by the caller
  if (body === undefined) return undefined;
  let sum = activeConnections(body, ignoredPorts);
  for (const epoch of roster.draining) {
    // one whose lifeline broke cannot be asked by anybody
    const draining = epoch.lifeline === undefined ? '' : await stats(epoch.lifeline.admin).catch(() => '');
    sum = Math.max(sum, 0) + Math.max(activeConnections(draining, ignoredPorts), 0);
  }
  return sum;
}

/** SIGTERM to the newest, which passes it on to its parent; SIGKILL to whatever is left after the grace. */
async function endAll({ roster, log }: TerminationDeps, graceMs: number): Promise<void> {
  const { active, candidate, draining } = roster;
  if (graceMs > 0) {
    const childless = draining.filter(({ orphaned }) => orphaned || active === undefined);
    for (const epoch of [active ?? candidate, ...childless]) epoch?.terminate();
    await roster.changed.within(() => roster.alive.length === 0, graceMs);
  }
  for (const epoch of roster.alive) {
    log.warn('Aborting proxy', { pid: epoch.pid });
    epoch.kill();
  }
  await roster.changed.until(() => roster.alive.length === 0);
  await roster.settled();
  log.warn('Aborted proxy instance');
}
