// What the status server asks of the other parts, and what it may have them do.

import type { AgentConfig } from '../config/agent-config.ts';
import type { DnsServer } from '../dns/server.ts';
import type { EnvoySnapshot } from '../envoy/snapshot.ts';
import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/errors.ts';
import type { LogLevels } from '../runtime/log-settings.ts';
import type { Log } from '../runtime/log.ts';
import type { SecretManager } from '../security/secret-manager.ts';
import type { AgentActions, RestartAnswer } from '../status/actions.ts';
import { probeAddresses } from '../status/probes/addresses.ts';
import type { AppProbeSettings } from '../status/probes/app-probes.ts';
import { GrpcBootstrapCheck } from '../status/readiness/grpc-bootstrap-check.ts';
import type { EnvoyTarget, Prober } from '../status/readiness/readiness.ts';
import type { StatusDeps } from '../status/server.ts';
import type { AgentViews } from '../status/views.ts';
import type { XdsProxySnapshot } from '../xds-proxy/proxy.ts';
import { certificatePage } from './certificate-page.ts';
import type { AgentControls } from './controls.ts';
import type { Counters } from './counters.ts';
import { loopback } from './envoy-settings.ts';
import { envoyPage } from './envoy-page.ts';
import type { EnvoyPart } from './no-envoy.ts';
import type { HostFacts } from './node-facts.ts';
import type { StartupTimeline } from './startup-timeline.ts';
import { xdsPage } from './xds-page.ts';
import { rejections } from './xds-state.ts';

const NO_NAMES = 'istio DNS capture is turned ON and DNS lookup table is not ready yet';

export interface StatusParts {
  readonly supervisor: Pick<EnvoyPart, 'snapshot' | 'drainingConnections' | 'drain'>;
  readonly secrets: Pick<SecretManager, 'facts' | 'source'>;
  readonly counters: Counters;
  readonly controls: AgentControls;
  readonly xdsSnapshot: () => XdsProxySnapshot;
  /** Undefined before it is started, and in a pod without one. */
  readonly nameServer: () => Pick<DnsServer, 'hasTable' | 'debugTable' | 'nameReport'> | undefined;
  readonly host: Pick<HostFacts, 'instanceIps' | 'servesFilesOnly'>;
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  readonly processStartMs: number;
  readonly startup: Pick<StartupTimeline, 'reached' | 'report'>;
  readonly commandLine: readonly string[];
  readonly logLevels: LogLevels;
}

export function statusDeps(config: AgentConfig, parts: StatusParts): StatusDeps {
  const { supervisor, counters, controls, xdsSnapshot, stopping, clock, log, processStartMs, startup } =
    parts;
  const admin = { host: loopback(parts.host.instanceIps), port: config.envoy.adminPort };
  const hasEnvoy = !config.envoy.disabled;
  return {
    settings: {
      statusPort: config.proxyConfig.statusPort,
      envoyPrometheusPort:
        hasEnvoy && config.env.mergeEnvoyStats ? config.env.envoyPrometheusPort : undefined,
      scrapeTargets: config.scrapeTargets,
      strictMetrics: config.env.metricsMerge === 'strict',
      appProbes: appProbes(config, parts.host),
      metricsLoopbackOnly: config.metricsLoopbackOnly,
    },
    envoy: hasEnvoy ? () => envoyTarget(admin, supervisor.snapshot()) : undefined,
    probers: probers(config, parts),
    rejections: () => rejections(xdsSnapshot()),
    passed: () => {
      if (hasEnvoy) startup.reached('live'); // seen before the supervisor's own look
      startup.reached('ready');
    },
    actions: actions(parts),
    views: views(parts),
    debug: {
      enabled: config.env.debugPages,
      profiling: config.flags.profiling,
      commandLine: parts.commandLine,
      logLevels: parts.logLevels,
    },
    metrics: () => counters.metrics(),
    failed: (error) => controls.stop(`the status port failed: ${error.message}`),
    clock,
    processStartMs,
    log,
    stopping,
  };
}

function appProbes(
  { appProbers: probers, env, pod, proxyConfig: { statusPort } }: AgentConfig,
  { instanceIps }: StatusParts['host'],
): AppProbeSettings {
  return {
    ...probeAddresses(pod.ip, instanceIps, env.probeLocalhost),
    probers,
    statusPort,
    http2: env.http2Probing,
    keepAlive: env.probeKeepalive,
  };
}

/** From the start of a candidate until it has taken over, or until the port it took is won back. */
export function envoyTarget(admin: EnvoyTarget['admin'], snapshot: EnvoySnapshot): EnvoyTarget {
  const { active, candidate, draining, phase, adminLost } = snapshot;
  const isBeingReplaced = candidate !== undefined || (phase === 'handoff' && draining.length === 0);
  return {
    admin,
    activeGeneration: active?.generation,
    unanswerable: isBeingReplaced || adminLost,
    impairment: adminLost ? 'degraded, Envoy has lost its admin port to a candidate that failed' : undefined,
  };
}

function probers(
  { env, dnsServer, controlPlane: { workingDirectory } }: AgentConfig,
  { secrets, nameServer }: StatusParts,
): readonly Prober[] {
  const path = env.grpcBootstrapPath;
  return [
    ...(path === '' ? [] : [new GrpcBootstrapCheck({ path, workingDirectory })]),
    ...(dnsServer ? [atOnce('dns', () => (nameServer()?.hasTable ? undefined : NO_NAMES))] : []),
    ...(env.waitForCertificate ? [atOnce('certificate', () => missing(secrets))] : []),
  ];
}

/** One that never waits. */
function atOnce(name: string, failure: () => string | undefined): Prober {
  return { name, failure, passes: () => failure() === undefined };
}

/** With files there is nothing to wait for: whether they can be used, those who ask for them are told. */
function missing(secrets: StatusParts['secrets']): string | undefined {
  const { source, notAfterMs, lastError } = secrets.facts();
  if (source === 'files' || notAfterMs !== undefined) return undefined;
  return ['no workload certificate yet', lastError].filter((part) => part !== undefined).join(': ');
}

function actions({ supervisor, host, secrets, controls, stopping, log }: StatusParts): AgentActions {
  return {
    restart: (force): RestartAnswer => {
      const { active, candidate, restartObstacle } = supervisor.snapshot();
      const current = candidate ?? active; // one that starts is live before its turn to hand over comes
      if (stopping.aborted) return { accepted: false, why: 'the agent is ending' };
      if (restartObstacle !== undefined) return { accepted: false, why: restartObstacle };
      if (current === undefined) return { accepted: false, why: 'no Envoy runs that could hand over' };
      controls.restart('POST /restart', { force });
      return { accepted: true, epoch: current.epoch + 1 };
    },
    rotationObstacle: () => {
      if (stopping.aborted) return 'the agent is ending';
      if (host.servesFilesOnly) return 'another SDS server gives the certificate';
      return secrets.source === 'files' ? 'the certificate comes from files' : undefined;
    },
    rotate: controls.rotate,
    drain: () => {
      supervisor.drain().catch((error: unknown) => log.error(`cannot drain Envoy: ${messageOf(error)}`));
    },
    quit: controls.quit,
  };
}

function views({ supervisor, secrets, xdsSnapshot, nameServer, clock, startup }: StatusParts): AgentViews {
  return {
    envoySnapshot: async () => envoyPage(supervisor.snapshot(), await supervisor.drainingConnections()),
    certificateFacts: () => certificatePage(secrets.facts()),
    lastUpstreamError: () => {
      const last = xdsSnapshot().lastUpstreamError;
      return last && { text: last.text, atMs: last.at.getTime() };
    },
    xdsStreams: () => xdsPage(xdsSnapshot(), supervisor.snapshot(), clock.now()),
    nameTable: () => nameServer()?.debugTable(),
    nameReport: (name) => nameServer()?.nameReport(name),
    startup: () => startup.report(),
  };
}
