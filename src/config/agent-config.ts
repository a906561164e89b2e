// AgentConfig: everything `agent proxy` is told, read once and decided here. A pure function of words, variables
// and files; it opens nothing. No other folder reads the environment or picks a default.
// Upstream: pilot/cmd/pilot-agent/app/cmd.go, options/agent_proxy.go.

import { ConfigError, messageOf } from '../runtime/errors.ts';
import type { TextMap } from '../runtime/json.ts';
import { canonicalIp } from './address.ts';
import { parseAppProbers, type AppProbers } from './app-probers.ts';
import { readEnvironment, rejectionText, type Env, type Environment } from './env.ts';
import { envoyConfig, type EnvoyConfig } from './envoy-config.ts';
import {
  controlPlaneConfig,
  identityConfig,
  type ControlPlaneConfig,
  type IdentityConfig,
} from './identity-config.ts';
import { ignoredLine, type IgnoredInput } from './ignored.ts';
import type { LogFlagValues } from './log-flags.ts';
import { metricsLoopbackOnly } from './metrics-access.ts';
import { warning, type Notice } from './notices.ts';
import { readPodInfo, type PodInfo, type ReadText } from './pod-info.ts';
import {
  resolveProxyConfig,
  type ProxyConfig,
  type ResolvedProxyConfig,
} from './proxy-config/proxy-config.ts';
import type { NodeType, ProxyFlagValues } from './proxy-flags.ts';
import { parseScrapeTargets, type ScrapeTarget } from './scrape-targets.ts';
import type { ResolveHost } from './proxy-config/statsd-address.ts';
import { supervisionConfig, type SupervisionConfig } from './supervision-config.ts';

export interface AgentConfigInput {
  readonly nodeType: NodeType;
  readonly flags: ProxyFlagValues & LogFlagValues;
  /** Unknown flags as written. */
  readonly ignoredFlags: readonly string[];
  readonly environment: Environment;
  readonly readText: ReadText;
  readonly workingDirectory: string;
  readonly cpuCount: number;
  readonly uid: number;
  readonly resolveHost: ResolveHost;
}

export interface PodConfig {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** INSTANCE_IP; an address is in its canonical form. */
  readonly ip: string;
  readonly hostIp: string;
  /** Undefined when there is no such file, or it cannot be read. */
  readonly labels: TextMap | undefined;
  readonly annotations: TextMap | undefined;
}

export interface AgentConfig {
  readonly nodeType: NodeType;
  /** DNS domain of the node; never empty. */
  readonly domain: string;
  readonly pod: PodConfig;
  readonly proxyConfig: ProxyConfig;
  readonly identity: IdentityConfig;
  readonly controlPlane: ControlPlaneConfig;
  readonly envoy: EnvoyConfig;
  readonly supervision: SupervisionConfig;
  /** Metrics only for this host. */
  readonly metricsLoopbackOnly: boolean;
  /** Of the application, asked for on the status port. */
  readonly appProbers: AppProbers;
  /** Ports of the application whose metrics are to be merged with ours; empty: none. */
  readonly scrapeTargets: readonly ScrapeTarget[];
  /** Whether the DNS server runs: capture is for sidecars, the server can be asked for anywhere. */
  readonly dnsServer: boolean;
  /** The remaining settings, by row of the environment table. */
  readonly env: Env;
  readonly flags: ProxyFlagValues & LogFlagValues;
  /** As inherited; node metadata reads ISTIO_META_* from it. */
  readonly environment: Environment;
  /**
   * What the operator should know, in order; to be logged as soon as there is a log. All that was given and has no
   * effect is the first one.
   */
  readonly notices: readonly Notice[];
}

/** @throws ConfigError naming the flag, variable, file or field and its value */
export async function loadAgentConfig(input: AgentConfigInput): Promise<AgentConfig> {
  const { nodeType, flags, environment, workingDirectory, uid } = input;
  const { values: env, rejections } = readEnvironment(environment);
  const ignored: IgnoredInput[] = [
    ...input.ignoredFlags.map((text) => ({ kind: 'flag', text }) as const),
    ...rejections.map((rejection) => ({ kind: 'variable', text: rejectionText(rejection) }) as const),
  ];
  const podInfo = await readPodInfo(input.readText);
  const resolved = await effectiveProxyConfig(input, env, podInfo);
  const { proxyConfig } = resolved;
  ignored.push(...resolved.ignored);
  const notices: Notice[] = [...ignoredNotice(ignored), ...podInfo.notices, ...resolved.notices];
  return {
    nodeType,
    domain: flags.domain || `${env.podNamespace}.svc.cluster.local`,
    pod: podConfig(env, podInfo),
    proxyConfig,
    identity: identityConfig(env, notices),
    controlPlane: controlPlaneConfig(env, environment, proxyConfig, workingDirectory),
    envoy: envoyConfig(flags, env, environment, proxyConfig, uid),
    supervision: supervisionConfig(flags, env, proxyConfig, notices),
    metricsLoopbackOnly: metricsLoopbackOnly(proxyConfig.proxyMetadata),
    ...statusConfig(nodeType, env, proxyConfig.statusPort),
    dnsServer: env.dnsServer || (env.dnsCapture && nodeType === 'sidecar'),
    env,
    flags,
    environment,
    notices,
  };
}

/** Without a status port nobody asks for what the two variables say. */
function statusConfig(
  nodeType: NodeType,
  env: Env,
  statusPort: number,
): Pick<AgentConfig, 'appProbers' | 'scrapeTargets'> {
  if (statusPort === 0) return { appProbers: new Map(), scrapeTargets: [] };
  const scraping = nodeType === 'sidecar' ? env.prometheusAnnotations : undefined;
  const scrapeTargets = scraping === undefined ? [] : parseScrapeTargets(scraping, statusPort);
  return { scrapeTargets, appProbers: parseAppProbers(env.appProbers) };
}

async function effectiveProxyConfig(
  input: AgentConfigInput,
  env: Env,
  podInfo: PodInfo,
): Promise<ResolvedProxyConfig> {
  const { flags, readText, cpuCount, resolveHost } = input;
  const { drainDuration: drainMs, concurrency, serviceCluster, templateFile } = flags;
  return resolveProxyConfig({
    meshFile: await readMeshFile(flags.meshConfig, readText),
    proxyConfig: env.proxyConfig,
    annotations: podInfo.annotations ?? {},
    flags: { concurrency, serviceCluster, templateFile, drainMs },
    cpuLimit: env.cpuLimit,
    cpuCount,
    resolveHost,
  });
}

async function readMeshFile(path: string, readText: ReadText): Promise<string | undefined> {
  try {
    return await readText(path);
  } catch (error) {
    const problem = `failed to get proxy config: failed to read mesh config file ${path}`;
    throw new ConfigError(`${problem}: ${messageOf(error)}`, { cause: error });
  }
}

function podConfig(env: Env, { labels, annotations }: PodInfo): PodConfig {
  return {
    name: env.podName,
    namespace: env.podNamespace,
    serviceAccount: env.serviceAccount,
    ip: canonicalIp(env.instanceIp),
    hostIp: env.hostIp,
    labels,
    annotations,
  };
}

function ignoredNotice(ignored: readonly IgnoredInput[]): Notice[] {
  const line = ignoredLine(ignored);
  return line === undefined ? [] : [warning(line)];
}
