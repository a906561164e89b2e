// What the host says about this node, beside the configuration, and both together as the node's input.

import type { AgentConfig } from '../config/agent-config.ts';
import { buildInfo } from '../config/build-info.ts';
import { nodeId } from '../node/identity.ts';
import type { Node, NodeInput } from '../node/node.ts';
import { pilotSubjectAltNames } from '../node/pilot-san.ts';
import type { Platform } from '../node/platform/platform.ts';

/** Found out once, at start, and at once. */
export interface HostFacts {
  /** Addresses of this instance in order, fixed for its life. */
  readonly instanceIps: readonly string[];
  /** A live SDS server answers on the credential socket. */
  readonly credentialSocketExists: boolean;
  /** An external SDS server serves the workload's identity; ours only serves files. */
  readonly servesFilesOnly: boolean;
  /** Where the workload's SDS is. Absent: where the configuration says. */
  readonly workloadSocketPath?: string;
}

export interface NodeFacts extends HostFacts {
  /** The answer of a probe that may take seconds. */
  readonly platform: Platform;
}

/** Everything the node is computed from. */
export function nodeInput(config: AgentConfig, facts: NodeFacts): NodeInput {
  const { env, flags, pod } = config;
  const { instanceIps, platform, credentialSocketExists, servesFilesOnly } = facts;
  return {
    id: nodeIdOf(config, instanceIps),
    environment: config.environment,
    proxyConfig: config.proxyConfig.json,
    pod,
    podLabels: pod.labels,
    podAnnotations: pod.annotations,
    instanceIps,
    platform,
    istioVersion: buildInfo.istioVersion,
    agentVersion: buildInfo.agentVersion,
    pilotSubjectAltNames: pilotSubjectAltNames(config.proxyConfig.json),
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
    credentialSocketExists,
    servesFilesOnly,
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
