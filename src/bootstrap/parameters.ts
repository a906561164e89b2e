// Everything the bootstrap template may ask for, by the names upstream's templates use. What upstream passes as
// JSON text is a value here; a parameter that is not configured is null.
// Upstream: pkg/bootstrap/option/instances.go, pkg/bootstrap/config.go toTemplateParams.

import { FILES_SOCKET_PATH } from '../config/identity-config.ts';
import { metricsLoopbackOnly } from '../config/metrics-access.ts';
import { addressing } from '../node/addressing.ts';
import type { Node } from '../node/node.ts';
import type { ProxyConfigJson } from '../node/proxy-config-json.ts';
import type { Warn } from '../node/raw-metadata.ts';
import type { JsonObject } from '../runtime/json.ts';
import { socketAddress } from './address.ts';
import { maxDownstreamConnections } from './connection-limit.ts';
import { discoveryParameters } from './discovery.ts';
import { loadStatsConfig } from './load-stats.ts';
import { reportingParameters, tracerParameters } from './remote-services.ts';
import { runtimeFlags } from './runtime-layer.ts';
import { statsConfigParameters } from './stats-config.ts';
import { statsIntervalParameters } from './stats-intervals.ts';
import { userTemplateParameters } from './user-template-parameters.ts';

export interface BootstrapInput {
  readonly node: Node;
  /** The effective ProxyConfig, the one the node was built from. */
  readonly proxyConfig: ProxyConfigJson;
  /** HOST_IP; empty when unset. */
  readonly hostIp: string;
  /** COMPLIANCE_POLICY; empty when unset. */
  readonly compliancePolicy: string;
  /** `--log_as_json`. */
  readonly logAsJson: boolean;
  readonly features: BootstrapFeatures;
  /** Of the SDS server for the workload's certificate. */
  readonly workloadSocketPath: string;
  /** File with the root of the control plane's certificate, for users' templates; empty: none. */
  readonly xdsRootCert?: string;
}

export interface BootstrapFeatures {
  /** ISTIO_DELTA_XDS. */
  readonly deltaXds: boolean;
  /** EXIT_ON_ZERO_ACTIVE_REQUESTS. */
  readonly exitOnZeroActiveRequests: boolean;
  /** ISTIO_DUAL_STACK. */
  readonly dualStack: boolean;
  /** ENVOY_STATUS_PORT_ENABLE_PROXY_PROTOCOL. */
  readonly statusPortProxyProtocol: boolean;
  /** HTTP_STRIP_FRAGMENT_FROM_PATH_UNSAFE_IF_DISABLED. */
  readonly stripFragment: boolean;
}

/** @throws ConfigError for an address or a TLS setting that Envoy would refuse */
export async function templateParameters(input: BootstrapInput, warn: Warn): Promise<JsonObject> {
  const { node, proxyConfig, hostIp } = input;
  const discovery = socketAddress('pilot_grpc_address', proxyConfig.discoveryAddress, hostIp);
  const remote = { proxyConfig, metadata: node.typed, hostIp };
  const parameters = {
    ...nodeParameters(node),
    workload_socket_path: input.workloadSocketPath,
    ...switchParameters(input, warn),
    ...addressParameters(input),
    ...(await statsConfigParameters(
      {
        annotations: node.typed.ANNOTATIONS,
        proxyConfig,
        instanceIps: node.instanceIps,
        exitOnZeroActiveConnections: node.typed.EXIT_ON_ZERO_ACTIVE_CONNECTIONS,
        exitOnZeroActiveRequests: input.features.exitOnZeroActiveRequests,
      },
      warn,
    )),
    ...statsIntervalParameters(node.typed.ANNOTATIONS, warn),
    ...tracerParameters(remote),
    ...reportingParameters(remote),
    config: { ...proxyConfig, ...listenPorts(proxyConfig) },
    runtime_flags: runtimeFlags({
      runtimeValues: proxyConfig.runtimeValues ?? {},
      compliancePolicy: input.compliancePolicy,
      stripFragment: input.features.stripFragment,
    }),
    global_downstream_max_connections: maxDownstreamConnections(proxyConfig, warn),
    load_stats_config_json_str: loadStatsConfig(node.raw, warn),
    ...userTemplateParameters({ node, proxyConfig, discovery, xdsRootCert: input.xdsRootCert || null }),
  };
  return parameters as unknown as JsonObject; // interfaces of plain JSON, which have no index signature
}

function nodeParameters({ id, cluster, locality, metadata, typed, raw }: Node): JsonObject {
  return {
    nodeID: id,
    cluster,
    region: locality.region ?? null,
    zone: locality.zone ?? null,
    sub_zone: locality.sub_zone ?? null,
    meta_json_str: metadata,
    outlier_log_path: typed.OUTLIER_LOG_PATH || null,
    enable_self_discovery: typed.ENABLE_SELF_DISCOVERY,
    workload_identity_socket_file: typed.WORKLOAD_IDENTITY_SOCKET_FILE,
    custom_file_path: raw.has('file-credential') ? FILES_SOCKET_PATH : null,
    envoy_status_port: typed.ENVOY_STATUS_PORT,
    envoy_prometheus_port: typed.ENVOY_PROMETHEUS_PORT,
    secure_metrics_port: typed.ENVOY_SECURE_METRICS_PORT,
    secure_merged_metrics_port: typed.ENVOY_SECURE_MERGED_METRICS_PORT,
  };
}

function switchParameters({ node, proxyConfig, features, logAsJson }: BootstrapInput, warn: Warn): object {
  const discovery = {
    nodeId: node.id,
    isDelta: features.deltaXds,
    metadataDiscovery: node.typed.METADATA_DISCOVERY,
  };
  return {
    ...discoveryParameters(discovery, warn),
    log_json: logAsJson,
    envoy_status_port_enable_proxy_protocol: features.statusPortProxyProtocol,
    envoy_metrics_stats_compression: proxyConfig.statsCompression ?? true,
    metrics_localhost_access_only: metricsLoopbackOnly(proxyConfig.proxyMetadata),
  };
}

function addressParameters({ node, features }: BootstrapInput): object {
  const addresses = addressing(node.instanceIps, features.dualStack);
  return {
    localhost: addresses.localhost,
    wildcard: addresses.wildcard,
    additional_localhost: addresses.additionalLocalhost ?? null,
    additional_wildcard: addresses.additionalWildcard ?? null,
    dual_stack: addresses.dnsLookupFamily === 'ALL',
    dns_lookup_family: addresses.dnsLookupFamily,
  };
}

/** Protobuf JSON leaves out a 0, which a template cannot ask for. */
function listenPorts({ proxyAdminPort = 0, statusPort = 0 }: ProxyConfigJson): object {
  return { proxyAdminPort, statusPort };
}
