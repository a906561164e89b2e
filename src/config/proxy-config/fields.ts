// ProxyConfig as a table of fields, in the order of upstream's declaration: what drives reading, the names in both
// spellings, merging and the canonical JSON of node metadata. A field added upstream is a line here.
// Upstream: istio/api mesh/v1alpha1/proxy.proto ProxyConfig.

import type { JsonObject } from '../../runtime/json.ts';
import type { Fields } from './proto-field.ts';
import { enumeration, kept, list, map, message } from './proto-json.ts';
import { bool, duration, int32, text, uint32 } from './proto-scalars.ts';
import {
  connectionSettings,
  gatewayTopology,
  privateKeyProvider,
  proxyHeaders,
  proxyStatsMatcher,
  readinessProbe,
  remoteService,
  tracing,
} from './messages.ts';

export const proxyConfigFields = {
  configPath: text,
  binaryPath: text,
  serviceCluster: kept(text),
  tracingServiceName: kept(
    enumeration({ APP_LABEL_AND_NAMESPACE: 0, CANONICAL_NAME_ONLY: 1, CANONICAL_NAME_AND_NAMESPACE: 2 }),
  ),
  drainDuration: duration,
  discoveryAddress: text,
  discoveryRefreshDelay: duration,
  zipkinAddress: text,
  statsdUdpAddress: text,
  envoyMetricsServiceAddress: text,
  proxyAdminPort: int32,
  availabilityZone: text,
  controlPlaneAuthPolicy: enumeration({ NONE: 0, MUTUAL_TLS: 1, INHERIT: 1000 }),
  customConfigFile: text,
  statNameLength: int32,
  concurrency: kept(int32),
  proxyBootstrapTemplatePath: text,
  interceptionMode: enumeration({ REDIRECT: 0, TPROXY: 1, NONE: 2 }),
  tracing,
  sds: message({ enabled: bool, k8sSaJwtPath: text }),
  envoyAccessLogService: remoteService,
  envoyMetricsService: remoteService,
  proxyMetadata: map(text),
  runtimeValues: map(text),
  statusPort: int32,
  extraStatTags: list(text),
  gatewayTopology,
  terminationDrainDuration: duration,
  meshId: text,
  readinessProbe,
  proxyStatsMatcher,
  holdApplicationUntilProxyStarts: kept(bool),
  caCertificatesPem: list(text),
  image: message({ imageType: text }),
  privateKeyProvider,
  proxyHeaders,
  fileFlushInterval: duration,
  fileFlushMinSizeKb: uint32,
  statsCompression: kept(bool),
  connectionSettings,
} satisfies Fields;

/**
 * What 1.7 knew and 1.31 no longer does, but this agent uses. It is read like the others and never part of the
 * metadata.
 */
export const agentOnlyFields = { parentShutdownDuration: duration } satisfies Fields;

/** What a proxy has when nobody says anything. */
export const builtInProxyConfig: JsonObject = {
  configPath: './etc/istio/proxy',
  binaryPath: '/usr/local/bin/envoy',
  serviceCluster: 'istio-proxy',
  drainDuration: '45s',
  terminationDrainDuration: '5s',
  discoveryAddress: 'istiod.istio-system.svc:15012',
  proxyAdminPort: 15_000,
  controlPlaneAuthPolicy: 'MUTUAL_TLS',
  statNameLength: 189,
  statusPort: 15_020,
};
