// Builds every part of the agent, joins them, and owns the order in which they start and end: what Envoy needs is
// there before Envoy, and goes after it. Upstream: istio 1.31 pkg/istio-agent/agent.go, app/cmd.go.

import type { AgentConfig } from '../config/agent-config.ts';
import type { DnsServer } from '../dns/server.ts';
import type { EnvoyOutput } from '../envoy/process/epoch.ts';
import type { EnvoyEnd } from '../envoy/supervisor.ts';
import { excludedInterfaces, instanceAddresses } from '../node/instance-addresses.ts';
import { readInterfaces, settledInterfaces } from '../node/network-interfaces.ts';
import type { Messages, MessagesLoader } from '../proto/messages.ts';
import type { Clock } from '../runtime/clock.ts';
import { AgentError } from '../runtime/errors.ts';
import { readTextIfExists } from '../runtime/files.ts';
import type { LogLevels } from '../runtime/log-settings.ts';
import type { Log } from '../runtime/log.ts';
import type { Spawn } from '../runtime/spawn.ts';
import { runTasks } from '../runtime/tasks.ts';
import { StatusServer } from '../status/server.ts';
import type { XdsProxy, XdsProxySnapshot } from '../xds-proxy/proxy.ts';
import { certificateMetrics } from './certificate-metrics.ts';
import { controlsOf, type AgentControls } from './controls.ts';
import { Counters } from './counters.ts';
import { followResolvers, startDns } from './dns.ts';
import type { Identity } from './identity.ts';
import { nodeIdOf } from './node-facts.ts';
import { PlatformProbe, platformSettings } from './platform-probe.ts';
import { prepare } from './preparation.ts';
import { shutdownTimeline } from './shutdown-timeline.ts';
import { startDebugTap, startSds, startXdsProxy } from './socket-servers.ts';
import type { StartupTimeline } from './startup-timeline.ts';
import { statusDeps } from './status.ts';
import { supervisedEnvoy } from './supervised-envoy.ts';
import { tokenMetrics } from './token-metrics.ts';
import { withoutEffect } from './unsupported.ts';
import { xdsGauges } from './xds-counters.ts';

/** How the agent ended: it was asked to, or Envoy had ended for good. */
export type AgentEnd = EnvoyEnd;

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
  /** The words this process was started with, the program first. */
  readonly commandLine: readonly string[];
  /** Of every scope; what is set here is what `log` goes by. */
  readonly logLevels: LogLevels;
  /** Has run since the process started; told of what the agent's own start has reached. */
  readonly startup: StartupTimeline;
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
): Promise<AgentEnd> {
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
  const { log } = deps;
  const ignored = withoutEffect(config);
  if (ignored !== '') log.warn(`without effect in this version: ${ignored}`);
  if (!config.envoy.disabled) logShutdown(config, log);
  const instanceIps = await addressesOf(config, deps, stopping);
  logRole(config, instanceIps, log);
  const counters = new Counters();

  await using servers = new AsyncDisposableStack();
  const probing = { ...deps, readText: readTextIfExists };
  const probe = servers.use(new PlatformProbe(platformSettings(config, instanceIps), probing, stopping));
  const meters = { meter: counters.csr, fileMeter: counters.files };
  const given = { instanceIps, platform: probe.answer, messages: messagesOnDemand(), ...meters };
  const { dns, host, identity, grpcBootstrap, envoy } = await prepare(
    config,
    { ...deps, ...given },
    stopping,
  );
  const { secrets, ca, token, fileCertificates } = identity;
  servers.use(fileCertificates);
  if (ca !== undefined) servers.defer(() => ca.close());
  servers.use(secrets);
  counters.add(() => certificateMetrics(secrets.facts(), deps.clock));
  counters.add(() => tokenMetrics(token, deps.clock));

  // Asked by what is made before them: the supervisor asks the xDS proxy before a restart, the status port both.
  const opened: { proxy?: XdsProxy; dns?: DnsServer } = {};
  const late = {
    xdsSnapshot: (): XdsProxySnapshot => opened.proxy?.snapshot() ?? { generations: [] },
    nameServer: () => opened.dns,
  };
  const supervised = supervisedEnvoy(config, envoy, { ...deps, ...late, secrets });
  const { supervisor } = supervised;
  counters.add(supervised.metrics);
  counters.add(() => xdsGauges(late.xdsSnapshot()));
  const controls = controlsOf({ ...supervised, secrets, stopping: asked, log });

  if (config.proxyConfig.statusPort !== 0) {
    const parts = { ...deps, ...late, host, secrets, supervisor, counters, controls, stopping };
    const status = servers.use(new StatusServer(statusDeps(config, parts)));
    await status.listen();
  }
  const serverDeps = { ...deps, identity, counters };
  const secretServers = servers.use(new AsyncDisposableStack()); // started after the DNS server, and closed after it
  // awaited here: what serves closes after Envoy
  if (ca !== undefined) deps.startup.begun('csr');
  return await keepingCertificates(identity, async (lifetime) => {
    if (dns !== undefined) {
      opened.dns = servers.use(await startDns(dns, config, deps, counters.dns));
      servers.use(followResolvers(dns, opened.dns, config, deps));
    }
    if (envoy !== undefined) secretServers.use(await startSds(config, serverDeps, host));
    opened.proxy = servers.use(await startXdsProxy(config, serverDeps, opened.dns));
    const activeGeneration = (): number | undefined => supervisor.snapshot().active?.generation;
    servers.use(await startDebugTap(config, { ...serverDeps, ...host }, opened.proxy, activeGeneration));
    running(controls);
    await grpcBootstrap.write();
    deps.startup.reached('preparation');
    return supervised.run(AbortSignal.any([stopping, lifetime]));
  });
}

/** protobufjs is loaded for the first certificate and the first stream for secrets; Envoy's start waits for neither. */
function messagesOnDemand(): MessagesLoader {
  let loaded: Promise<Messages> | undefined;
  const load = async (): Promise<Messages> => (await import('../proto/messages.ts')).loadMessages();
  return () => (loaded ??= load());
}

/**
 * Requests the first certificate at once, since nobody is ready without it, and keeps it fresh for as long as `work`
 * runs.
 */
async function keepingCertificates(
  { secrets, token, xdsDialer }: Pick<Identity, 'secrets' | 'token' | 'xdsDialer'>,
  work: (signal: AbortSignal) => Promise<EnvoyEnd>,
): Promise<EnvoyEnd> {
  const lifetime = new AbortController();
  const end = Promise.withResolvers<EnvoyEnd>();
  await runTasks(lifetime.signal, [
    (signal) => secrets.run(signal),
    (signal) => token.run(signal),
    (signal) => xdsDialer.run(signal),
    async (signal) => {
      end.resolve(await work(signal));
      lifetime.abort(new AgentError('Envoy has ended'));
    },
  ]);
  return end.promise;
}

async function addressesOf(
  { pod }: AgentConfig,
  { clock, log }: Pick<AgentDeps, 'clock' | 'log'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const interfaces = await settledInterfaces({ clock, read: readInterfaces }, signal);
  const excluded = excludedInterfaces(pod.annotations);
  const unknown = excluded.filter((name) => interfaces.every((one) => one.name !== name));
  if (unknown.length > 0) log.warn(`excludeInterfaces names no interface of this pod: ${unknown.join(', ')}`);
  return instanceAddresses({ instanceIp: pod.ip, interfaces, excludedInterfaces: excluded });
}

function logShutdown(config: AgentConfig, log: Log): void {
  const { line, warnings } = shutdownTimeline(config);
  log.info(line);
  for (const text of warnings) log.warn(text);
}

function logRole(config: AgentConfig, instanceIps: readonly string[], log: Log): void {
  const { nodeType: type, domain } = config;
  log.info('Proxy role', { ips: instanceIps.join(','), type, id: nodeIdOf(config, instanceIps), domain });
}
