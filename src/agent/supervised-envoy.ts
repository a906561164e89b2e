// Envoy under the agent: its supervisor, joined with what it asks of the other parts, the watch over its files, and
// what is counted of both. In a pod without Envoy there is a place for one.

import { join } from 'node:path';

import type { AgentConfig } from '../config/agent-config.ts';
import type { EnvoyOutput } from '../envoy/epoch.ts';
import type { Readiness } from '../envoy/gates.ts';
import { oomKills } from '../envoy/memory-kill.ts';
import { regionLedger } from '../envoy/region-ledger.ts';
import { EnvoySupervisor } from '../envoy/supervisor.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Spawn } from '../runtime/spawn.ts';
import type { SecretManager } from '../security/secret-manager.ts';
import type { Metric } from '../status/agent-metrics.ts';
import type { XdsProxySnapshot } from '../xds-proxy/proxy.ts';
import { EnvoyMetrics } from './envoy-metrics.ts';
import { NoEnvoy, type EnvoyPart } from './no-envoy.ts';
import type { PreparedEnvoy } from './preparation.ts';
import { labelMetrics, restartWatcher, tellOfChanges } from './restart-watch.ts';
import type { RestartWatcher } from './restart-watcher.ts';
import { xdsReadiness } from './xds-state.ts';

export interface SupervisedEnvoyDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  readonly random: () => number;
  readonly log: Log;
  readonly output: EnvoyOutput;
  readonly secrets: Pick<SecretManager, 'facts'>;
  readonly xdsSnapshot: () => XdsProxySnapshot;
}

export interface SupervisedEnvoy {
  readonly supervisor: EnvoyPart;
  /** Undefined: no file causes a restart. */
  readonly watcher: RestartWatcher | undefined;
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
    watcher,
    metrics: () => [...counted.metrics(supervisor.snapshot()), ...labelMetrics(watcher)],
    ...(envoy && !config.supervision.hotRestart && { tellOfChanges: () => tellOfChanges(envoy, log) }),
  };
}

function supervisorOf(
  { proxyConfig }: AgentConfig,
  { writer, settings }: PreparedEnvoy,
  deps: SupervisedEnvoyDeps,
  observer: EnvoyMetrics,
): EnvoySupervisor {
  const { secrets, xdsSnapshot, clock } = deps;
  return new EnvoySupervisor(
    {
      ...deps,
      writeBootstrap: (launch) => writer.write(launch),
      removeBootstrap: (path) => writer.remove(path),
      xdsReady: (generation) => xdsReadiness(xdsSnapshot(), generation),
      certificateReady: () => certificateReadiness(secrets, clock),
      observer,
      ledger: regionLedger(join(proxyConfig.configPath, REGION_LEDGER)),
      oomKills: () => oomKills(),
    },
    settings,
  );
}

/** One that never came is nobody's need: the Envoy that serves does without it, and so will the next. */
export function certificateReadiness(secrets: SupervisedEnvoyDeps['secrets'], clock: Clock): Readiness {
  const { notAfterMs, lastError } = secrets.facts();
  if (notAfterMs === undefined || clock.now() < notAfterMs) return { ok: true, reason: '' };
  const reason = ['the workload certificate has expired', lastError].filter((part) => part !== undefined);
  return { ok: false, reason: reason.join(': ') };
}
