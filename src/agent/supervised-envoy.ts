// Envoy under the agent: its supervisor, joined with what it asks of the other parts, the watch over its files, and
// what is counted of both. In a pod without Envoy there is a place for one.

import { join } from 'node:path';

import type { AgentConfig } from '../config/agent-config.ts';
import type { EnvoyOutput } from '../envoy/process/epoch.ts';
import type { Readiness } from '../envoy/restart/gates.ts';
import { oomKills } from '../envoy/memory/memory-kill.ts';
import { regionLedger } from '../envoy/memory/region-ledger.ts';
import { EnvoySupervisor, type EnvoyEnd } from '../envoy/supervisor.ts';
import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Spawn } from '../runtime/spawn.ts';
import { watchFiles } from '../runtime/watch.ts';
import type { SecretManager } from '../security/secret-manager.ts';
import type { Metric } from '../status/metrics/metric.ts';
import type { XdsProxySnapshot } from '../xds-proxy/proxy.ts';
import { tellOfChanges } from './envoy-files.ts';
import { EnvoyMetrics, labelMetrics } from './envoy-metrics.ts';
import { NoEnvoy, type EnvoyPart } from './no-envoy.ts';
import type { PreparedEnvoy } from './preparation.ts';
import { RestartWatcher, type RestartWatcherDeps } from './restart-watcher.ts';
import type { StartupTimeline } from './startup-timeline.ts';
import { xdsReadiness } from './xds-state.ts';

export interface SupervisedEnvoyDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  readonly random: () => number;
  readonly log: Log;
  readonly output: EnvoyOutput;
  readonly secrets: Pick<SecretManager, 'facts'>;
  readonly xdsSnapshot: () => XdsProxySnapshot;
  readonly startup: Pick<StartupTimeline, 'reached'>;
}

export interface SupervisedEnvoy {
  readonly supervisor: EnvoyPart;
  /** Runs Envoy, and watches its files beside it, until the signal aborts or Envoy has ended for good. */
  readonly run: (stop: AbortSignal) => Promise<EnvoyEnd>;
  readonly metrics: () => readonly Metric[];
  /** Absent: Envoys hand over to each other, and nobody needs to restart the agent. */
  readonly tellOfChanges?: () => Promise<void>;
}

/** Beside the bootstraps: what an agent before this one wrote there is ours. */
const REGION_LEDGER = 'envoy-regions.json';

/** @param envoy undefined: there is to be none */
export function supervisedEnvoy(
  config: AgentConfig,
  envoy: PreparedEnvoy | undefined,
  deps: SupervisedEnvoyDeps,
): SupervisedEnvoy {
  const { log } = deps;
  const counted = new EnvoyMetrics();
  const supervisor = envoy === undefined ? new NoEnvoy(log) : supervisorOf(config, envoy, deps, counted);
  const watcher = restartWatcher(config, envoy, { ...deps, restart: supervisor.restart.bind(supervisor) });
  return {
    supervisor,
    run: (stop) => watching(watcher, log, stop, () => supervisor.run(stop)),
    metrics: () => [...counted.metrics(supervisor.snapshot()), ...labelMetrics(watcher?.labelsChanged)],
    ...(envoy &&
      !config.supervision.hotRestart && {
        tellOfChanges: () => tellOfChanges(envoy.files(), envoy.filesAtStart, log),
      }),
  };
}

function supervisorOf(
  { proxyConfig }: AgentConfig,
  { writer, settings }: PreparedEnvoy,
  deps: SupervisedEnvoyDeps,
  observer: EnvoyMetrics,
): EnvoySupervisor {
  const { secrets, xdsSnapshot, clock, startup } = deps;
  return new EnvoySupervisor(
    {
      ...deps,
      writeBootstrap: async (launch) => {
        const written = await writer.write(launch);
        startup.reached('bootstrap');
        return written;
      },
      removeBootstrap: (path) => writer.remove(path),
      xdsReady: (generation) => xdsReadiness(xdsSnapshot(), generation),
      certificateReady: () => certificateReadiness(secrets, clock),
      observer: {
        restarted: observer.restarted,
        ended: observer.ended,
        started: () => startup.reached('spawn'),
        live: () => startup.reached('live'),
      },
      ledger: regionLedger(join(proxyConfig.configPath, REGION_LEDGER)),
      oomKills: () => oomKills(),
    },
    settings,
  );
}

type RestartWatchDeps = Pick<RestartWatcherDeps, 'clock' | 'random' | 'restart' | 'log'>;

/** Undefined: without hot restart no file is watched, and without Envoy there is none. */
export function restartWatcher(
  { supervision }: AgentConfig,
  envoy: Pick<PreparedEnvoy, 'files' | 'filesAtStart'> | undefined,
  deps: RestartWatchDeps,
): RestartWatcher | undefined {
  if (envoy === undefined || !supervision.hotRestart) return undefined;
  const { files, filesAtStart } = envoy;
  const watch: RestartWatcherDeps['watch'] = (paths, onChange) => watchFiles(paths, deps.log, onChange);
  return new RestartWatcher({ ...deps, watch, files }, supervision, filesAtStart);
}

/** Watches while `work` runs, at most until the signal aborts. A watch that fails costs no more than itself. */
export async function watching<T>(
  watcher: Pick<RestartWatcher, 'run'> | undefined,
  log: Log,
  stop: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([stop, over.signal]);
  const watch = watcher?.run(signal).catch((error: unknown) => {
    if (!signal.aborted) log.error(`changed files cause no restart any more: ${messageOf(error)}`);
  });
  try {
    return await work();
  } finally {
    over.abort();
    await watch;
  }
}

/** One that never came is nobody's need: the Envoy that serves does without it, and so will the next. */
export function certificateReadiness(secrets: SupervisedEnvoyDeps['secrets'], clock: Clock): Readiness {
  const { notAfterMs, lastError } = secrets.facts();
  if (notAfterMs === undefined || clock.now() < notAfterMs) return { ok: true, reason: '' };
  const reason = ['the workload certificate has expired', lastError].filter((part) => part !== undefined);
  return { ok: false, reason: reason.join(': ') };
}
