// Variables about the workload: who it is, which certificate it asks for, which control plane it talks to.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/options, security/pkg/nodeagent.

import { HOUR_MS, SECOND_MS } from '../runtime/duration.ts';
import { optional, row } from './env-row.ts';
import { anyText, fileMode, goBool, goDuration, goFloat, goInt, groupId } from './parsers.ts';

const pod = {
  podName: row('POD_NAME', anyText, '', 'Name of the pod; part of the node id.'),
  podNamespace: row('POD_NAMESPACE', anyText, '', 'Namespace of the pod; node id, DNS domain, SPIFFE id.'),
  instanceIp: row('INSTANCE_IP', anyText, '', 'Address of the pod; first of the node addresses.'),
  serviceAccount: row('SERVICE_ACCOUNT', anyText, '', 'Service account; last part of the SPIFFE id.'),
  hostIp: row('HOST_IP', anyText, '', 'Address of the host; replaces $(HOST_IP) in tracer addresses.'),
  cpuLimit: row('ISTIO_CPU_LIMIT', goInt, 0, 'CPUs of the container; worker threads when none are set.'),
  proxyConfig: row('PROXY_CONFIG', anyText, '', 'ProxyConfig laid over the mesh defaults, YAML or JSON.'),
  kubernetesHost: row(
    'KUBERNETES_SERVICE_HOST',
    anyText,
    '',
    'Present in a cluster: written certificates get mode 0644.',
  ),
  clusterId: row('ISTIO_META_CLUSTER_ID', anyText, '', 'Cluster id told to CA and discovery.'),
  cloudPlatform: row('CLOUD_PLATFORM', anyText, '', 'aws, azure, gcp or none; anything else detects.'),
  gcpMetadata: row(
    'GCP_METADATA',
    anyText,
    '',
    'Google Cloud without a lookup: project|number|cluster|location.',
  ),
  gcpQuotaProject: row('GCP_QUOTA_PROJECT', anyText, '', 'Quota project; counts with GCP_METADATA.'),
  gcpZone: row('GCP_ZONE', anyText, '', 'Zone of the locality on Google Cloud, instead of a lookup.'),
  gceMetadataHost: row(
    'GCE_METADATA_HOST',
    anyText,
    '',
    "Google's metadata server, host or host:port; when set, this is Google Cloud.",
  ),
};

const identity = {
  trustDomain: row('TRUST_DOMAIN', anyText, 'cluster.local', 'Trust domain of the SPIFFE id.'),
  caAddress: row('CA_ADDR', anyText, '', 'CA host:port; empty means the discovery address.'),
  caProvider: row('CA_PROVIDER', anyText, 'Citadel', 'Kind of CA.'),
  caRootCa: row('CA_ROOT_CA', anyText, '', 'Root file for the CA connection, or SYSTEM.'),
  xdsRootCa: row('XDS_ROOT_CA', anyText, '', 'Root file for the discovery connection, or SYSTEM.'),
  pilotCertProvider: row(
    'PILOT_CERT_PROVIDER',
    anyText,
    'istiod',
    'Who signs the control plane: istiod, k8s.io/NAME, kubernetes, custom, none.',
  ),
  istiodSan: row('ISTIOD_SAN', anyText, '', 'Server name expected of the control plane instead of its host.'),
  jwtPolicy: row(
    'JWT_POLICY',
    anyText,
    'third-party-jwt',
    'Kind of token; both known kinds use the same file.',
  ),
  credentialFetcher: row(
    'CREDENTIAL_FETCHER_TYPE',
    anyText,
    'JWT',
    "Where the token comes from: JWT (its file), GoogleComputeEngine (Google's metadata server) or Mock.",
  ),
  credentialProvider: row(
    'CREDENTIAL_IDENTITY_PROVIDER',
    anyText,
    'GoogleComputeEngine',
    'Identity provider of the fetcher.',
    { noEffect: 'no token is exchanged for another, so nobody asks who provides it' },
  ),
  provisionedCerts: row(
    'PROV_CERT',
    anyText,
    '',
    'Directory with a client certificate for CA and discovery.',
  ),
  outputCerts: row('OUTPUT_CERTS', anyText, '', 'Directory the workload certificate is written to.'),
  outputCertsMode: optional(
    'OUTPUT_CERTS_MODE',
    fileMode,
    'Mode of those files, octal; unset: 0644 in a cluster, else 0600.',
  ),
  outputCertsGid: optional(
    'OUTPUT_CERTS_GROUP',
    groupId,
    "Group id of those files; unset: the process's own.",
  ),
  fileMountedCerts: row('FILE_MOUNTED_CERTS', goBool, false, 'No CA: certificates come from files.'),
  certSigner: row('ISTIO_META_CERT_SIGNER', anyText, '', 'Signer asked of the CA.'),
  strictSpiffeId: row(
    'STRICT_SPIFFE_ID',
    goBool,
    false,
    'Refuse a certificate for another SPIFFE id than asked for; else it is warned about.',
  ),
  caAttemptTimeoutMs: row(
    'CA_ATTEMPT_TIMEOUT',
    goDuration,
    10 * SECOND_MS,
    'How long one attempt at a signing request may take.',
  ),
  caCallTimeoutMs: row(
    'CA_CALL_TIMEOUT',
    goDuration,
    30 * SECOND_MS,
    'How long a signing request may take, with all its attempts.',
  ),
  secretTtlMs: row('SECRET_TTL', goDuration, 24 * HOUR_MS, 'Lifetime asked of the CA.'),
  graceRatio: row(
    'SECRET_GRACE_PERIOD_RATIO',
    goFloat,
    0.5,
    'Share of the lifetime left at rotation, 0 to 1.',
  ),
  graceRatioJitter: row(
    'SECRET_GRACE_PERIOD_RATIO_JITTER',
    goFloat,
    0.01,
    'Random shift of that share, up or down.',
  ),
  rotationIntervalMs: row(
    'SECRET_ROTATION_INTERVAL',
    goDuration,
    0,
    'Replace a certificate at the latest after this, up to a tenth of it earlier; 0: only by its lifetime.',
  ),
  waitForCertificate: row(
    'WAIT_FOR_CERT',
    goBool,
    false,
    'The pod is not ready before the CA has given the first certificate.',
  ),
  fileDebounceMs: row(
    'FILE_DEBOUNCE_DURATION',
    goDuration,
    100,
    'First retry interval when reading certificate files.',
  ),
  certFilePollMs: row(
    'CERT_FILE_POLL_INTERVAL',
    goDuration,
    30 * SECOND_MS,
    'How often certificate files are looked at when no event tells of a change; 0: never.',
  ),
  rsaKeyBits: row('WORKLOAD_RSA_KEY_SIZE', goInt, 2048, 'Bits of an RSA key.'),
  pkcs8Key: row('PKCS8_KEY', goBool, false, 'Write private keys as PKCS#8.'),
  eccAlgorithm: row('ECC_SIGNATURE_ALGORITHM', anyText, '', 'ECDSA asks for an elliptic-curve key.'),
  eccCurve: row('ECC_CURVE', anyText, 'P256', 'P256 or P384.'),
  caCrl: row('PILOT_ENABLE_CA_CRL', goBool, true, 'Add the mounted revocation list to the trust bundle.'),
  workloadSocketFile: row(
    'WORKLOAD_IDENTITY_SOCKET_FILE',
    anyText,
    'socket',
    'File name of the workload SDS socket.',
  ),
  workloadSocketWaitMs: optional(
    'WORKLOAD_IDENTITY_SOCKET_WAIT',
    goDuration,
    "How long to wait for another server's SDS socket; unset: 30s when the file name is not the default, else 0.",
  ),
  sdsSocketMode: row('SDS_SOCKET_MODE', fileMode, 0o666, 'Mode of our SDS socket, octal.'),
  sdsSocketGid: optional('SDS_SOCKET_GID', groupId, "Group id of our SDS socket; unset: the process's own."),
  compliancePolicy: row('COMPLIANCE_POLICY', anyText, '', 'fips-140-2, fips-140-3 or pqc: restricts TLS.'),
};

const discovery = {
  xdsAuthProvider: row('XDS_AUTH_PROVIDER', anyText, '', 'Read for compatibility; no effect.', {
    noEffect: 'read and never used by the reference either',
  }),
  proxyConfigXds: row(
    'PROXY_CONFIG_XDS_AGENT',
    goBool,
    false,
    'Trust the root certificates that a ProxyConfig sent over xDS holds, too.',
  ),
  xdsDebug: row(
    'PROXY_XDS_DEBUG_VIA_AGENT',
    goBool,
    false,
    'Open a port of this pod where the control plane can be asked about itself.',
  ),
  xdsDebugPort: row('PROXY_XDS_DEBUG_VIA_AGENT_PORT', goInt, 15_004, 'That port, HTTP on loopback.'),
  keepaliveIntervalMs: row(
    'GRPC_KEEPALIVE_INTERVAL',
    goDuration,
    30 * SECOND_MS,
    'Silence before a keepalive ping.',
  ),
  keepaliveTimeoutMs: row(
    'GRPC_KEEPALIVE_TIMEOUT',
    goDuration,
    10 * SECOND_MS,
    'How long a ping may stay unanswered.',
  ),
  httpsProxy: row(
    'HTTPS_PROXY',
    anyText,
    '',
    'HTTP proxy on the way to CA and discovery, http://host:port; HTTP_PROXY does not count.',
    { secret: true },
  ),
  httpsProxyLowerCase: row('https_proxy', anyText, '', 'The same; HTTPS_PROXY counts before.', {
    secret: true,
  }),
  noProxy: row(
    'NO_PROXY',
    anyText,
    '',
    'Hosts reached without it: names, addresses and ranges, with commas; * is all.',
  ),
  noProxyLowerCase: row('no_proxy', anyText, '', 'The same; NO_PROXY counts before.'),
  xdsMaxSilenceMs: row(
    'XDS_MAX_SILENCE',
    goDuration,
    0,
    "After this time without a response Envoy's stream to the control plane is ended, and Envoy asks anew; 0: never.",
  ),
  maxStreams: row('ISTIO_GPRC_MAXSTREAMS', goInt, 100_000, 'Streams per connection of our gRPC servers.'),
  maxReceiveBytes: row(
    'ISTIO_GPRC_MAXRECVMSGSIZE',
    goInt,
    4_194_304,
    'Largest message our gRPC servers take.',
  ),
  deltaXds: row('ISTIO_DELTA_XDS', goBool, true, 'Envoy speaks delta xDS; false: state of the world.'),
  peerMetadataDiscovery: optional(
    'PEER_METADATA_DISCOVERY',
    goBool,
    'Peer metadata over xDS; unset follows HBONE.',
  ),
  selfDiscovery: row(
    'ISTIO_META_ENABLE_SELF_DISCOVERY',
    goBool,
    false,
    'Add the local cluster for zone-aware routing.',
  ),
  grpcBootstrapPath: row(
    'GRPC_XDS_BOOTSTRAP',
    anyText,
    'etc/istio/proxy/grpc-bootstrap.json',
    'Where the proxyless bootstrap is written; empty: nowhere.',
  ),
};

/** By the titles of the reference. */
export const workloadGroups = {
  'The pod': pod,
  'Identity and certificates': identity,
  'Control plane': discovery,
};

export const workloadVariables = { ...pod, ...identity, ...discovery };
