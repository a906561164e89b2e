// From configuration to the file one Envoy is started with: config -> node -> bootstrap -> file. Every launch reads
// the configuration again, so a planned restart picks up what changed; a rollback repeats what worked.

import { bootstrapPath, removeBootstrap, writeBootstrap } from '../bootstrap/bootstrap-file.ts';
import { bootstrapSource, renderedExtension } from '../bootstrap/bootstrap-source.ts';
import { renderBootstrap, serializeBootstrap } from '../bootstrap/bootstrap.ts';
import { checkCustomConfig } from '../bootstrap/template.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { buildInfo } from '../config/build-info.ts';
import type { BootstrapLaunch } from '../envoy/launcher.ts';
import { nodeId } from '../node/identity.ts';
import { buildNode, UNKNOWN_PLATFORM, type Node, type NodeInput } from '../node/node.ts';
import { pilotSubjectAltNames } from '../node/pilot-san.ts';
import type { ProxyConfigJson } from '../node/proxy-config-json.ts';
import { AgentError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';

export interface BootstrapWriterDeps {
  /** The configuration as it is now: for the first launch the one the agent was started with. */
  readonly load: () => Promise<AgentConfig>;
  /** Addresses of this instance, fixed for its life. */
  readonly instanceIps: readonly string[];
  readonly log: Log;
}

interface Remembered extends Pick<BootstrapLaunch, 'epoch' | 'generation'> {
  readonly config: AgentConfig;
}

/** Configurations remembered for a rollback: active, candidate, and one draining. */
const REMEMBERED = 3;

export class BootstrapWriter {
  readonly #deps: BootstrapWriterDeps;
  /** Files of ours that were not removed yet. */
  readonly #written = new Set<string>();
  /** Oldest first. */
  #remembered: readonly Remembered[] = [];

  constructor(deps: BootstrapWriterDeps) {
    this.#deps = deps;
  }

  /**
   * Renders the first bootstrap and throws it away.
   *
   * @throws ConfigError for configuration that no Envoy could be started with
   */
  async check(config: AgentConfig): Promise<void> {
    const ignored = (): void => undefined; // what is to be warned of is said when the file is written
    await this.#render(config, 1, ignored);
  }

  /**
   * @returns path of the file Envoy is started with
   * @throws ConfigError for configuration that is wrong now; nothing was written
   */
  async write(launch: BootstrapLaunch): Promise<string> {
    const { epoch, generation, repeats } = launch;
    const config = repeats === undefined ? await this.#deps.load() : this.#configOf(repeats);
    const path = await this.#writeFile(config, epoch, generation);
    this.#remember(launch, config);
    return path;
  }

  /** Removes what `write` made; a file of the user's stays. */
  async remove(path: string): Promise<void> {
    if (this.#written.delete(path)) await removeBootstrap(path);
  }

  #configOf(generation: number): AgentConfig {
    const known = this.#remembered.find((each) => each.generation === generation);
    if (known === undefined) {
      throw new AgentError(`the configuration of generation ${generation} is forgotten`);
    }
    return known.config;
  }

  /** A candidate that failed is followed by another of its epoch: however many fail, the active one is not forgotten. */
  #remember({ epoch, generation, repeats }: BootstrapLaunch, config: AgentConfig): void {
    const others = this.#remembered.filter((each) => each.epoch !== epoch || each.generation === repeats);
    this.#remembered = [...others, { epoch, generation, config }].slice(-REMEMBERED);
  }

  async #writeFile(config: AgentConfig, epoch: number, generation: number): Promise<string> {
    const rendered = await this.#render(config, generation, (message) => this.#deps.log.warn(message));
    if (rendered.kind === 'custom') return rendered.path;
    const numbered = config.supervision.hotRestart ? epoch : undefined;
    const path = bootstrapPath(config.proxyConfig.configPath, numbered, rendered.extension);
    this.#written.add(path);
    await writeBootstrap(path, rendered.text, jsonOf(config));
    return path;
  }

  async #render(config: AgentConfig, generation: number, warn: Warn): Promise<Rendered> {
    const { proxyConfig, supervision, env } = config;
    const source = bootstrapSource({
      customConfigFile: proxyConfig.customConfigFile,
      proxyBootstrapTemplatePath: proxyConfig.templatePath,
      istioBootstrap: env.bootstrapTemplate,
    });
    if (source.kind === 'custom') {
      await checkCustomConfig(source.path);
      return source;
    }
    const document = await renderBootstrap(
      {
        node: buildNode(nodeInput(config, this.#deps.instanceIps), warn),
        proxyConfig: jsonOf(config),
        hostIp: config.pod.hostIp,
        compliancePolicy: config.controlPlane.compliancePolicy,
        logAsJson: config.flags.logAsJson,
        features: config.env,
        generation: supervision.hotRestart ? generation : 0,
      },
      warn,
      source,
    );
    return { kind: 'text', text: serializeBootstrap(document), extension: renderedExtension(source) };
  }
}

type Warn = (message: string) => void;

type Rendered =
  | { readonly kind: 'custom'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string; readonly extension: 'json' | 'yaml' };

/** Everything the node is computed from. */
export function nodeInput(config: AgentConfig, instanceIps: readonly string[]): NodeInput {
  const { env, flags, pod } = config;
  return {
    id: nodeIdOf(config, instanceIps),
    environment: config.environment,
    proxyConfig: jsonOf(config),
    pod,
    podLabels: pod.labels,
    podAnnotations: pod.annotations,
    instanceIps,
    platform: UNKNOWN_PLATFORM,
    istioVersion: buildInfo.istioVersion,
    agentVersion: buildInfo.agentVersion,
    pilotSubjectAltNames: pilotSubjectAltNames(jsonOf(config)),
    ports: {
      envoyStatus: env.envoyStatusPort,
      envoyPrometheus: env.envoyPrometheusPort,
      envoySecureMetrics: env.envoySecureMetricsPort,
      envoySecureMergedMetrics: env.envoySecureMergedMetricsPort,
      sts: flags.stsPort,
    },
    dnsProxyAddress: config.environment.DNS_PROXY_ADDR ?? '',
    outlierLogPath: flags.outlierLogPath,
    workloadIdentitySocketFile: env.workloadSocketFile,
    exitOnZeroActiveConnections: env.exitOnZeroActiveConnections,
    peerMetadataDiscovery: env.peerMetadataDiscovery,
    skipDeprecatedLogs: env.skipDeprecatedLogs,
    credentialSocketExists: false,
    servesFilesOnly: false,
  };
}

export function nodeIdOf(config: AgentConfig, instanceIps: readonly string[]): Node['id'] {
  const { nodeType: type, pod, domain: dnsDomain } = config;
  return nodeId({
    type,
    ip: instanceIps[0] ?? '',
    podName: pod.name,
    podNamespace: pod.namespace,
    dnsDomain,
  });
}

function jsonOf(config: AgentConfig): ProxyConfigJson {
  return config.proxyConfig.json;
}
