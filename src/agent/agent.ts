// Builds every part of the agent, joins them, and owns the order in which they start and end: what Envoy needs is
// there before Envoy, and goes after it. Upstream: istio 1.31 pkg/istio-agent/agent.go, app/cmd.go.

import type { AgentConfig } from '../config/agent-config.ts';
import { findEnvoyBinary } from '../envoy/binary.ts';
import type { EnvoyOutput } from '../envoy/epoch.ts';
import { EnvoySupervisor, type EnvoyEnd } from '../envoy/supervisor.ts';
import { instanceAddresses } from '../node/instance-addresses.ts';
import { readInterfaces, settledInterfaces } from '../node/network-interfaces.ts';
import type { Platform } from '../node/platform/platform.ts';
import { loadMessages } from '../proto/messages.ts';
import type { Clock } from '../runtime/clock.ts';
import { AgentError } from '../runtime/errors.ts';
import { readTextIfExists } from '../runtime/files.ts';
import type { Log } from '../runtime/log.ts';
import type { Spawn } from '../runtime/spawn.ts';
import { runTasks } from '../runtime/tasks.ts';
import type { SecretManager } from '../security/secret-manager.ts';
import { SdsServer } from '../sds/server.ts';
import { StatusServer } from '../status/server.ts';
import { XdsProxy, type XdsProxySnapshot } from '../xds-proxy/proxy.ts';
import { BootstrapWriter } from './bootstrap-writer.ts';
import { controlsOf, type AgentControls } from './controls.ts';
import { Counters } from './counters.ts';
import { dnsPlan, startDns } from './dns.ts';
import { envoySettings } from './envoy-settings.ts';
import { openIdentity, type Identity } from './identity.ts';
import { nodeIdOf, type HostFacts } from './node-facts.ts';
import { PlatformProbe, platformSettings } from './platform-probe.ts';
import { statusDeps } from './status.ts';
import { refuseUnsupported, withoutEffect } from './unsupported.ts';
import { xdsReadiness } from './xds-state.ts';

export interface AgentDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Where Envoy's own lines go. */
  readonly output: EnvoyOutput;
  /** The configuration as it is now; asked before every Envoy but the first. */
  readonly reload: () => Promise<AgentConfig>;
  /** Wall time at which the process started, milliseconds since the Unix epoch. */
  readonly processStartMs: number;
}

/**
 * Runs the agent until the signal aborts and Envoy is drained, or until Envoy has ended for good.
 *
 * @param running called once every part serves, just before Envoy is started
 * @throws ConfigError | AgentError when it cannot start; nothing it opened is left
 */
export async function runAgent(
  config: AgentConfig,
  deps: AgentDeps,
  signal: AbortSignal,
  running: (controls: AgentControls) => void,
): Promise<EnvoyEnd> {
  const asked = new AbortController();
  const stopping = AbortSignal.any([signal, asked.signal]);
  try {
    return await startAndRun(config, deps, { asked, stopping, running });
  } catch (error) {
    if (!stopping.aborted || error !== stopping.reason) throw error;
    return { kind: 'drained' }; // told to end before there was an Envoy
  }
}

interface RunInput {
  /** Aborted by what an operator asks over the controls. */
  readonly asked: AbortController;
  /** That, or the process's own signal. */
  readonly stopping: AbortSignal;
  readonly running: (controls: AgentControls) => void;
}

async function startAndRun(
  config: AgentConfig,
  deps: AgentDeps,
  { asked, stopping, running }: RunInput,
): Promise<EnvoyEnd> {
  refuseUnsupported(config);
  const ignored = withoutEffect(config);
  if (ignored !== '') deps.log.warn(`without effect in this version: ${ignored}`);
  const dns = await dnsPlan(config, deps.log);
  const binaryPath = await findEnvoyBinary(config.envoy.binary);
  const instanceIps = await addressesOf(config, deps.clock, stopping);
  logRole(config, instanceIps, deps.log);
  const counters = new Counters();
  const identity = await openIdentity(config, { ...deps, messages: loadMessages(), meter: counters.csr });

  await using servers = new AsyncDisposableStack();
  // Envoy asks the xDS proxy before a restart, and the proxy is opened after the supervisor is made.
  const xds: { proxy?: XdsProxy } = {};
  const xdsSnapshot = (): XdsProxySnapshot => xds.proxy?.snapshot() ?? { generations: [] };
  const probing = { ...deps, readText: readTextIfExists };
  const probe = servers.use(new PlatformProbe(platformSettings(config, instanceIps), probing, stopping));
  const host = { instanceIps, credentialSocketExists: false, servesFilesOnly: false };
  const supervisor = await makeSupervisor(config, deps, {
    binaryPath,
    host,
    platform: probe.answer,
    xdsSnapshot,
  });
  const controls = controlsOf({ supervisor, secrets: identity.secrets, stopping: asked, log: deps.log });

  servers.use(identity.secrets);
  if (config.proxyConfig.statusPort !== 0) {
    const { secrets } = identity;
    const parts = { ...deps, secrets, supervisor, counters, controls, xdsSnapshot, instanceIps, stopping };
    const status = servers.use(new StatusServer(statusDeps(config, parts)));
    await status.listen();
  }
  // awaited here: what serves closes after Envoy
  return await keepingCertificates(identity.secrets, async (lifetime) => {
    if (dns !== undefined) servers.use(await startDns(dns, config, deps, counters.dns));
    servers.use(await startSds(config, deps, identity, counters));
    xds.proxy = servers.use(await startXdsProxy(config, deps, identity, counters));
    running(controls);
    return supervisor.run(AbortSignal.any([stopping, lifetime]));
  });
}

interface SupervisorInput {
  readonly binaryPath: string;
  readonly host: HostFacts;
  readonly platform: Promise<Platform>;
  readonly xdsSnapshot: () => XdsProxySnapshot;
}

async function makeSupervisor(
  config: AgentConfig,
  deps: AgentDeps,
  input: SupervisorInput,
): Promise<EnvoySupervisor> {
  const { log, reload } = deps;
  const { binaryPath, host, platform, xdsSnapshot } = input;
  const writer = new BootstrapWriter({ load: firstThen(config, reload), host, platform, log });
  await writer.check(config); // a mistake in it is told now, before a port is open
  const settings = await envoySettings(config, binaryPath, host.instanceIps, log);
  return new EnvoySupervisor(
    {
      ...deps,
      writeBootstrap: (launch) => writer.write(launch),
      removeBootstrap: (path) => writer.remove(path),
      xdsReady: (generation) => xdsReadiness(xdsSnapshot(), generation),
    },
    settings,
  );
}

function startSds(
  config: AgentConfig,
  { clock, log }: AgentDeps,
  { secrets, messages }: Identity,
  { sds }: Counters,
): Promise<SdsServer> {
  const { socketPath } = config.identity;
  return SdsServer.start({
    socketPath,
    source: secrets,
    messages,
    clock,
    log: log.child('sds'),
    metrics: sds,
  });
}

function startXdsProxy(
  { proxyConfig, env }: AgentConfig,
  { clock, random, log }: AgentDeps,
  { xdsDialer }: Identity,
  { xds }: Counters,
): Promise<XdsProxy> {
  return XdsProxy.start({
    settings: {
      socketPath: `${proxyConfig.configPath}/XDS`,
      maxStreams: env.maxStreams,
      maxRequestBytes: env.maxReceiveBytes,
      keepaliveIntervalMs: env.keepaliveIntervalMs,
      keepaliveTimeoutMs: env.keepaliveTimeoutMs,
    },
    upstream: xdsDialer,
    clock,
    random,
    log: log.child('xdsproxy'),
    metrics: xds,
  });
}

/**
 * Requests the first certificate at once, since Envoy is not ready without it, and keeps it fresh for as long as
 * `work` runs.
 */
async function keepingCertificates(
  secrets: SecretManager,
  work: (signal: AbortSignal) => Promise<EnvoyEnd>,
): Promise<EnvoyEnd> {
  const lifetime = new AbortController();
  const end = Promise.withResolvers<EnvoyEnd>();
  await runTasks(lifetime.signal, [
    (signal) => secrets.run(signal),
    async (signal) => {
      end.resolve(await work(signal));
      lifetime.abort(new AgentError('Envoy has ended'));
    },
  ]);
  return end.promise;
}

async function addressesOf(
  config: AgentConfig,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const excluded = config.pod.annotations?.['traffic.sidecar.istio.io/excludeInterfaces'] ?? '';
  return instanceAddresses({
    instanceIp: config.pod.ip,
    interfaces: await settledInterfaces({ clock, read: readInterfaces }, signal),
    excludedInterfaces: excluded.split(',').map((name) => name.trim()),
  });
}

function logRole(config: AgentConfig, instanceIps: readonly string[], log: Log): void {
  const { nodeType: type, domain } = config;
  log.info('Proxy role', { ips: instanceIps.join(','), type, id: nodeIdOf(config, instanceIps), domain });
}

/** The first answer is what the agent was started with; every later one is read anew. */
function firstThen(config: AgentConfig, reload: () => Promise<AgentConfig>): () => Promise<AgentConfig> {
  let first: AgentConfig | undefined = config;
  return async () => {
    const known = first;
    first = undefined;
    return known ?? reload();
  };
}
