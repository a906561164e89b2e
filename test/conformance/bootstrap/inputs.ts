// The inputs of a bootstrap case, in the words of the case files, as the inputs of the product's node and bootstrap.

import type { BootstrapInput } from '../../../src/bootstrap/parameters.ts';
import { message } from '../../../src/config/proxy-config/proto-json.ts';
import { proxyConfigFields } from '../../../src/config/proxy-config/fields.ts';
import type { Locality } from '../../../src/node/locality.ts';
import { buildNode, type NodeInput } from '../../../src/node/node.ts';
import type { ProxyConfigJson } from '../../../src/node/proxy-config-json.ts';
import type { Warn } from '../../../src/node/raw-metadata.ts';
import type { JsonObject, TextMap } from '../../../src/runtime/json.ts';

export interface BootstrapCaseInputs {
  readonly nodeId: string;
  readonly proxyConfig: ProxyConfigJson;
  readonly env: TextMap;
  readonly processEnv: TextMap;
  readonly podLabelsFile: TextMap | null;
  readonly podAnnotationsFile: TextMap | null;
  readonly instanceIPs: readonly string[];
  readonly platform: {
    readonly isKubernetes: boolean;
    readonly metadata: TextMap | null;
    readonly labels: TextMap | null;
    readonly locality: Locality;
  };
  readonly pilotSubjectAltName: readonly string[];
  readonly outlierLogPath: string;
  readonly envoyPrometheusPort: number;
  readonly envoyStatusPort: number;
  readonly envoySecureMetricsPort: number;
  readonly envoySecureMergedMetricsPort: number;
  readonly workloadIdentitySocketFile: string;
  readonly stsPort: number;
  readonly exitOnZeroActiveConnections: boolean;
  readonly metadataDiscovery: boolean | null;
  readonly envoySkipDeprecatedLogs: boolean;
  readonly credentialSocketExists: boolean;
  readonly customCredentialsFileExists: boolean;
  readonly compliancePolicy: string;
  readonly logAsJson: boolean;
  readonly agentVersion: string;
  readonly features: BootstrapInput['features'];
}

/** What a vector leaves out: a plain sidecar. */
export const PLAIN_INPUTS: BootstrapCaseInputs = {
  nodeId: 'sidecar~10.0.0.7~web.shop~shop.svc.cluster.local',
  proxyConfig: { configPath: '/etc/istio/proxy', proxyAdminPort: 15000, statusPort: 15020 },
  env: {},
  processEnv: {},
  podLabelsFile: null,
  podAnnotationsFile: null,
  instanceIPs: ['10.0.0.7'],
  platform: { isKubernetes: true, metadata: null, labels: null, locality: {} },
  pilotSubjectAltName: [],
  outlierLogPath: '',
  envoyPrometheusPort: 15090,
  envoyStatusPort: 15021,
  envoySecureMetricsPort: 0,
  envoySecureMergedMetricsPort: 0,
  workloadIdentitySocketFile: 'socket',
  stsPort: 0,
  exitOnZeroActiveConnections: false,
  metadataDiscovery: null,
  envoySkipDeprecatedLogs: true,
  credentialSocketExists: false,
  customCredentialsFileExists: false,
  compliancePolicy: '',
  logAsJson: false,
  agentVersion: '1.31.0',
  features: {
    deltaXds: true,
    dualStack: false,
    statusPortProxyProtocol: false,
    stripFragment: true,
    exitOnZeroActiveRequests: false,
  },
};

export function bootstrapInput(inputs: BootstrapCaseInputs, warn: Warn): BootstrapInput {
  return {
    node: buildNode(nodeInput(inputs), warn),
    proxyConfig: canonical(inputs.proxyConfig),
    hostIp: inputs.processEnv['HOST_IP'] ?? '',
    compliancePolicy: inputs.compliancePolicy,
    logAsJson: inputs.logAsJson,
    features: inputs.features,
    workloadSocketPath: `./var/run/secrets/workload-spiffe-uds/${inputs.workloadIdentitySocketFile}`,
  };
}

export function nodeInput(inputs: BootstrapCaseInputs): NodeInput {
  const { env, platform } = inputs;
  return {
    id: inputs.nodeId,
    environment: env,
    proxyConfig: canonical(inputs.proxyConfig),
    pod: {
      name: env['POD_NAME'] ?? '',
      namespace: env['POD_NAMESPACE'] ?? '',
      serviceAccount: env['SERVICE_ACCOUNT'] ?? '',
    },
    podLabels: inputs.podLabelsFile ?? undefined,
    podAnnotations: inputs.podAnnotationsFile ?? undefined,
    instanceIps: inputs.instanceIPs,
    platform: { ...platform, metadata: platform.metadata ?? {}, labels: platform.labels ?? {} },
    istioVersion: inputs.agentVersion,
    agentVersion: '',
    pilotSubjectAltNames: inputs.pilotSubjectAltName,
    ports: {
      envoyStatus: inputs.envoyStatusPort,
      envoyPrometheus: inputs.envoyPrometheusPort,
      envoySecureMetrics: inputs.envoySecureMetricsPort,
      envoySecureMergedMetrics: inputs.envoySecureMergedMetricsPort,
      sts: inputs.stsPort,
    },
    dnsProxyAddress: inputs.processEnv['DNS_PROXY_ADDR'] ?? '',
    outlierLogPath: inputs.outlierLogPath,
    workloadIdentitySocketFile: inputs.workloadIdentitySocketFile,
    exitOnZeroActiveConnections: inputs.exitOnZeroActiveConnections,
    peerMetadataDiscovery: inputs.metadataDiscovery ?? undefined,
    skipDeprecatedLogs: inputs.envoySkipDeprecatedLogs,
    credentialSocketExists: inputs.credentialSocketExists,
    servesFilesOnly: inputs.customCredentialsFileExists,
  };
}

/** What configuration layers make of it: the cases also spell out zero values. */
function canonical(proxyConfig: ProxyConfigJson): ProxyConfigJson {
  const context = { unknownField: () => undefined, placeOf: () => undefined };
  return message(proxyConfigFields).read(proxyConfig as JsonObject, [], context) as ProxyConfigJson;
}
