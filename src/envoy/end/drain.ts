// The drain of an Envoy that is about to end: a delay, the request, and then time for what is open.
// Upstream: istio 1.31 pkg/envoy/agent.go terminate; the delay and the limits are ours.

import { formatDuration } from '../../runtime/duration.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Epoch } from '../process/epoch.ts';
import type { EnvoySettings } from '../settings.ts';
import { postDrain } from './drain-request.ts';
import { DrainWaits, type DrainWaitsDeps } from './drain-waits.ts';
import { untilNothingIsOpen } from './open-watch.ts';
import { OpenWork, type OpenWorkDeps } from './open-work.ts';

export type DrainDeps = OpenWorkDeps & DrainWaitsDeps;

/** An answer about what is open comes at once, or is not waited for: the pod's own end is near. */
const LAST_LOOK_MS = 200;

/** @param proxy the Envoy to be asked; undefined: there are only older ones, which drain already */
export async function drain(
  proxy: Epoch | undefined,
  deps: DrainDeps,
  settings: EnvoySettings,
): Promise<void> {
  const { roster } = deps;
  const serving = [proxy, ...roster.draining].filter((epoch) => epoch !== undefined);
  if (serving.length === 0) return;
  const waits = new DrainWaits(deps, serving);
  const work = new OpenWork(deps, settings.shutdown.exitOnZero ?? { of: 'connections', ignoredPorts: [] });
  await drainInSteps(proxy, deps, settings, waits, work);
  await tellOfStop(proxy, deps, waits, work);
}

async function drainInSteps(
  proxy: Epoch | undefined,
  deps: DrainDeps,
  settings: EnvoySettings,
  waits: DrainWaits,
  work: OpenWork,
): Promise<void> {
  const { log, clock, admin, roster } = deps;
  const { preDrainDelayMs, terminationDrainMs, exitOnZero } = settings.shutdown;
  if (preDrainDelayMs > 0) {
    log.info(`Agent waits ${formatDuration(preDrainDelayMs)} before it drains the proxy`);
    if (!(await waits.wait('pre-drain delay', preDrainDelayMs))) return;
  }
  const beganMs = clock.monotonicMs();
  waits.limit(exitOnZero?.maximumDrainMs);
  // Envoy would close its listeners, or even end, after its own drain time: the end is ours, not Envoy's
  const asked = proxy && postDrain(proxy, admin, settings, settings.hotRestart);
  await waits.outcome(Promise.resolve(asked)).catch((error: unknown) => {
    log.warn(`Envoy cannot be asked to drain: ${messageOf(error)}`); // it gets its time all the same
  });
  const count = (): Promise<number> => work.count(proxy, roster.draining);
  if (exitOnZero !== undefined) return untilNothingIsOpen({ ...deps, count }, exitOnZero, waits);
  log.info(`Graceful termination period is ${formatDuration(terminationDrainMs)}, starting...`);
  const tookMs = clock.monotonicMs() - beganMs; // one that does not answer gets no more time than others
  if (await waits.wait('drain', terminationDrainMs - tookMs))
    log.info('Graceful termination period complete, terminating remaining proxies.');
}

async function tellOfStop(
  proxy: Epoch | undefined,
  { log, roster }: DrainDeps,
  { stop }: DrainWaits,
  work: OpenWork,
): Promise<void> {
  if (stop === undefined) return;
  if (stop === 'gone') return log.info('Graceful termination logic ended prematurely, Envoy has ended');
  if (stop === 'hurried') return log.info('Graceful termination logic ended prematurely, as asked');
  const never = (): boolean => false;
  const look = await roster.changed.outcome(work.describe(proxy, roster.draining), never, LAST_LOOK_MS);
  const limit = stop === 'maximum' ? 'MAXIMUM_DRAIN_DURATION' : 'TERMINATION_GRACE_PERIOD_SECONDS';
  log.warn(`${limit} ends the drain, still open: ${look?.value ?? 'an unknown number of connections'}`);
}
