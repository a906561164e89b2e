// The servers on Unix sockets whose paths the bootstraps name: secrets for Envoy, and the way to the control plane.

import type { AgentConfig } from '../config/agent-config.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SdsServer } from '../sds/server.ts';
import { DebugTap } from '../xds-proxy/debug-tap.ts';
import { XdsProxy, type XdsProxySettings } from '../xds-proxy/proxy.ts';
import type { Counters } from './counters.ts';
import { loopback } from './envoy-settings.ts';
import type { Identity } from './identity.ts';
import type { HostFacts } from './node-facts.ts';
import { ProxyConfigUpdates } from './proxy-config-updates.ts';
import { nameTableHandler, type NameTableUser } from './name-table.ts';
import type { StartupTimeline } from './startup-timeline.ts';
import { timedProxy } from './startup-times.ts';

export interface SocketServerDeps {
  readonly identity: Identity;
  readonly counters: Pick<Counters, 'sds' | 'xds'>;
  readonly startup: Pick<StartupTimeline, 'reached'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

export function startSds(
  { identity: { socketPath, filesSocketPath }, env, proxyConfig }: AgentConfig,
  { identity, counters, clock, log }: SocketServerDeps,
  { servesFilesOnly, workloadSocketPath = socketPath }: HostFacts,
): Promise<SdsServer> {
  return SdsServer.start({
    socketPath: servesFilesOnly ? filesSocketPath : workloadSocketPath,
    socketMode: env.sdsSocketMode,
    socketGid: env.sdsSocketGid,
    filesOnly: servesFilesOnly,
    source: identity.secrets,
    keyProvider: proxyConfig.privateKeyProvider,
    messages: identity.messages,
    clock,
    log: log.child('sds'),
    metrics: counters.sds,
  });
}

/**
 * @param dns who answers names of the mesh; undefined: nobody, and none are asked for
 * @throws AgentError `failed to start xds proxy: …`
 */
export function startXdsProxy(
  config: AgentConfig,
  { identity, counters, startup, clock, random, log }: SocketServerDeps,
  dns: NameTableUser | undefined,
): Promise<XdsProxy> {
  const scope = log.child('xdsproxy');
  return XdsProxy.start({
    settings: xdsProxySettings(config),
    upstream: identity.xdsDialer,
    clock,
    random,
    log: scope,
    metrics: timedProxy(counters.xds, startup),
    ...(dns && { onNameTable: nameTableHandler(dns, scope) }),
    ...(config.env.proxyConfigXds && {
      onProxyConfig: new ProxyConfigUpdates({ ...identity, log: scope }).take,
    }),
  });
}

export function xdsProxySettings(config: AgentConfig): XdsProxySettings {
  const { env } = config;
  return {
    socketPath: xdsSocketPath(config),
    maxStreams: env.maxStreams,
    maxRequestBytes: env.maxReceiveBytes,
    keepaliveIntervalMs: env.keepaliveIntervalMs,
    keepaliveTimeoutMs: env.keepaliveTimeoutMs,
    maxSilenceMs: env.xdsMaxSilenceMs,
  };
}

export interface DebugTapParts extends Pick<SocketServerDeps, 'clock'>, Pick<HostFacts, 'instanceIps'> {
  readonly identity: Pick<Identity, 'messages'>;
}

/**
 * Undefined unless it is wanted.
 *
 * @param activeGeneration of the Envoy that serves; undefined when there is none
 * @throws ConfigError naming the port that is taken
 */
export async function startDebugTap(
  { env }: AgentConfig,
  { identity, clock, instanceIps }: DebugTapParts,
  proxy: Pick<XdsProxy, 'ask'>,
  activeGeneration: () => number | undefined,
): Promise<DebugTap | undefined> {
  if (!env.xdsDebug) return undefined;
  return DebugTap.start({
    address: { host: loopback(instanceIps), port: env.xdsDebugPort },
    ask: (question, signal) => proxy.ask({ ...question, generation: activeGeneration() }, signal),
    messages: identity.messages,
    clock,
  });
}

/** Where Envoy and gRPC clients reach the control plane. */
export function xdsSocketPath({ proxyConfig }: AgentConfig): string {
  return `${proxyConfig.configPath}/XDS`;
}
