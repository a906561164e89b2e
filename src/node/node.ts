// The node: id, cluster, locality and metadata of this proxy, computed once from plain data. It is what Envoy
// sends to the control plane, and what the bootstrap is rendered from.
// Upstream: pkg/bootstrap/config.go GetNodeMetaData, pkg/model/proxy.go Node.

import type { Environment } from '../config/env.ts';
import {
  byteOrder,
  isDeeperThan,
  sortedObject,
  sortKeys,
  type Json,
  type JsonObject,
  type TextMap,
} from '../runtime/json.ts';
import { serviceCluster } from './cluster.ts';
import { nodeLabels } from './labels.ts';
import { localityLabel, parseLocality, type Locality } from './locality.ts';
import { MetadataError } from './metadata-error.ts';
import { decodeMetadata, encodeMetadata, type TypedMetadata } from './metadata-fields.ts';
import type { ProxyConfigJson } from './proxy-config-json.ts';
import type { Platform } from './platform/platform.ts';
import {
  injectedLabels,
  MAX_VALUE_NESTING,
  rawMetadata,
  type RawMetadata,
  type Warn,
} from './raw-metadata.ts';

export interface NodeInput {
  /** `nodeId` of identity.ts. */
  readonly id: string;
  /** The whole process environment; ISTIO_META_* and ISTIO_METAJSON_* are read from it. */
  readonly environment: Environment;
  /** The effective ProxyConfig. */
  readonly proxyConfig: ProxyConfigJson;
  /** POD_NAME, POD_NAMESPACE and SERVICE_ACCOUNT; empty text when unset. */
  readonly pod: { readonly name: string; readonly namespace: string; readonly serviceAccount: string };
  /** The downward API files; undefined when a file cannot be read. */
  readonly podLabels: TextMap | undefined;
  readonly podAnnotations: TextMap | undefined;
  /** In order, duplicates allowed. */
  readonly instanceIps: readonly string[];
  readonly platform: Platform;
  /** The Istio release this agent stands in for, for example `1.31.0`; the control plane gates features on it. */
  readonly istioVersion: string;
  /** This agent's own version, as AGENT_VERSION; empty leaves it out. */
  readonly agentVersion: string;
  /** `pilotSubjectAltNames` of pilot-san.ts. */
  readonly pilotSubjectAltNames: readonly string[];
  readonly ports: NodePorts;
  /** DNS_PROXY_ADDR; empty when unset. */
  readonly dnsProxyAddress: string;
  /** `--outlierLogPath`; empty when unset. */
  readonly outlierLogPath: string;
  /** WORKLOAD_IDENTITY_SOCKET_FILE, a bare file name. */
  readonly workloadIdentitySocketFile: string;
  readonly exitOnZeroActiveConnections: boolean;
  /** PEER_METADATA_DISCOVERY; undefined when unset, then HBONE decides. */
  readonly peerMetadataDiscovery: boolean | undefined;
  readonly skipDeprecatedLogs: boolean;
  /** A live SDS server answers on the credential socket. */
  readonly credentialSocketExists: boolean;
  /** An external SDS server serves the workload's identity; ours only serves files. */
  readonly servesFilesOnly: boolean;
}

/** 0 means: not opened. */
export interface NodePorts {
  readonly envoyStatus: number;
  readonly envoyPrometheus: number;
  readonly envoySecureMetrics: number;
  readonly envoySecureMergedMetrics: number;
  readonly sts: number;
}

export interface Node {
  readonly id: string;
  readonly cluster: string;
  readonly locality: Locality;
  /** As Envoy and the control plane see it, keys in byte order. */
  readonly metadata: JsonObject;
  /** The fields of the metadata that this agent acts on. */
  readonly typed: TypedMetadata;
  readonly raw: RawMetadata;
  /** Without duplicates. */
  readonly instanceIps: readonly string[];
}

/**
 * @param warn is told what is ignored
 * @throws MetadataError when the environment gives a typed field a value it does not accept, and for values nested
 * deeper than Envoy reads
 */
export function buildNode(input: NodeInput, warn: Warn): Node {
  if (isDeeperThan(input.proxyConfig as JsonObject, MAX_VALUE_NESTING)) {
    throw new MetadataError(`ProxyConfig is nested deeper than Envoy reads: ${MAX_VALUE_NESTING} levels`);
  }
  const raw = rawMetadata(
    {
      proxyMetadata: input.proxyConfig.proxyMetadata ?? {},
      environment: input.environment,
      own: ownEntries(input),
    },
    warn,
  );
  const instanceIps = [...new Set(input.instanceIps)];
  const typed = completed(decodeMetadata(raw), input, instanceIps, warn);
  const label = localityLabel(typed.LABELS);
  return {
    id: input.id,
    cluster: serviceCluster({
      labels: typed.LABELS,
      workloadName: typed.WORKLOAD_NAME,
      namespace: typed.NAMESPACE,
      serviceCluster: input.proxyConfig.serviceCluster,
      tracingServiceName: input.proxyConfig.tracingServiceName,
    }),
    locality: label === undefined ? input.platform.locality : parseLocality(label),
    metadata: mergedMetadata(typed, raw),
    typed,
    raw,
    instanceIps,
  };
}

function ownEntries(input: NodeInput): TextMap {
  return {
    AGENT_VERSION: input.agentVersion,
    DNS_PROXY_ADDR: input.dnsProxyAddress,
    credential: input.credentialSocketExists ? 'true' : '',
    'file-credential': input.servesFilesOnly ? 'true' : '',
  };
}

/** What the agent knows better than the environment. */
function completed(
  decoded: TypedMetadata,
  input: NodeInput,
  instanceIps: readonly string[],
  warn: Warn,
): TypedMetadata {
  const { pod, platform, ports, proxyConfig } = input;
  const { labels, staticLabels } = nodeLabels({
    injected: injectedLabels(input.environment, warn),
    decoded: { labels: decoded.LABELS, staticLabels: decoded.STATIC_LABELS },
    platform: platform.isKubernetes ? {} : platform.labels,
    podLabels: input.podLabels,
  });
  return {
    ...decoded,
    ANNOTATIONS: { ...decoded.ANNOTATIONS, ...input.podAnnotations },
    ENVOY_PROMETHEUS_PORT: ports.envoyPrometheus,
    ENVOY_SECURE_MERGED_METRICS_PORT: ports.envoySecureMergedMetrics,
    ENVOY_SECURE_METRICS_PORT: ports.envoySecureMetrics,
    ENVOY_SKIP_DEPRECATED_LOGS: input.skipDeprecatedLogs,
    ENVOY_STATUS_PORT: ports.envoyStatus,
    EXIT_ON_ZERO_ACTIVE_CONNECTIONS: input.exitOnZeroActiveConnections,
    INSTANCE_IPS: instanceIps,
    ISTIO_VERSION: decoded.ISTIO_VERSION || input.istioVersion,
    LABELS: labels,
    METADATA_DISCOVERY: input.peerMetadataDiscovery ?? decoded.ENABLE_HBONE,
    NAME: pod.name,
    NAMESPACE: pod.namespace,
    OUTLIER_LOG_PATH: input.outlierLogPath,
    PILOT_SAN: input.pilotSubjectAltNames,
    PLATFORM_METADATA:
      Object.keys(platform.metadata).length > 0 ? platform.metadata : decoded.PLATFORM_METADATA,
    PROXY_CONFIG: sortedObject(proxyConfig as JsonObject),
    SERVICE_ACCOUNT: pod.serviceAccount,
    STATIC_LABELS: staticLabels,
    STS_PORT: ports.sts === 0 ? decoded.STS_PORT : String(ports.sts),
    WORKLOAD_IDENTITY_SOCKET_FILE: input.workloadIdentitySocketFile,
  };
}

/**
 * Raw entries come through where the typed side is silent: unknown keys, and known ones whose value is blank, such as
 * `DNS_CAPTURE: "false"`.
 */
function mergedMetadata(typed: TypedMetadata, raw: RawMetadata): JsonObject {
  const merged = new Map<string, Json>([...raw].map(([key, { value }]) => [key, value]));
  for (const [key, value] of encodeMetadata(typed)) merged.set(key, value);
  const sorted = [...merged].toSorted(([a], [b]) => byteOrder(a, b));
  return Object.fromEntries(sorted.map(([key, value]) => [key, sortKeys(value)]));
}
