// Who the workload is, which certificate it asks for and how it reaches the control plane. Files are not looked at
// here: which root certificate exists is found out by whoever opens the connection.
// Upstream: pilot/cmd/pilot-agent/options/security.go, agent.go.

import { ConfigError } from '../runtime/errors.ts';
import { withPrefix, type Env, type Environment } from './env.ts';
import { warning, type Notice } from './notices.ts';
import type { ProxyConfig } from './proxy-config.ts';

export interface IdentityConfig {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly tokenPath: string;
  readonly ttlMs: number;
  readonly graceRatio: number;
  readonly graceRatioJitter: number;
  readonly eccAlgorithm: string;
  readonly eccCurve: string;
  readonly rsaKeyBits: number;
  readonly pkcs8Key: boolean;
  /** Empty: certificates are not written to files. */
  readonly outputCertsDir: string;
  /** Files written there are readable for all: the pod's containers share them. */
  readonly isInCluster: boolean;
  readonly certSigner: string;
  readonly socketPath: string;
}

export interface ControlPlaneConfig {
  /** What relative paths start from. */
  readonly workingDirectory: string;
  readonly discoveryAddress: string;
  /** False: plaintext to the discovery address. */
  readonly discoveryTls: boolean;
  /** Empty: the discovery address. */
  readonly caAddress: string;
  readonly caProvider: string;
  /** Server name expected instead of the address's host; empty: none. */
  readonly istiodSan: string;
  readonly caRootFile: string;
  readonly xdsRootFile: string;
  readonly certProvider: string;
  readonly provCertDir: string;
  readonly fileMountedCerts: boolean;
  readonly clientRootFile: string;
  readonly clientChainFile: string;
  readonly clientKeyFile: string;
  readonly compliancePolicy: string;
  readonly clusterId: string;
  readonly caHeaders: Readonly<Record<string, string>>;
  readonly xdsHeaders: Readonly<Record<string, string>>;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** The projected token; the same file for every JWT policy. */
const TOKEN_PATH = './var/run/secrets/tokens/istio-token';
const SOCKET_DIRECTORY = './var/run/secrets/workload-spiffe-uds';
const DEFAULT_TRUST_DOMAIN = 'cluster.local';

/** @throws ConfigError naming the variable, for settings that exclude each other or do not exist */
export function identityConfig(env: Env, notices: Notice[]): IdentityConfig {
  checkIdentity(env);
  if (env.jwtPolicy === 'first-party-jwt') {
    notices.push(warning("Using deprecated JWT policy 'first-party-jwt'; treating as 'third-party-jwt'"));
  }
  if (env.trustDomain === '') {
    notices.push(warning(`TRUST_DOMAIN is set but empty, using ${DEFAULT_TRUST_DOMAIN}`));
  }
  return {
    trustDomain: env.trustDomain || DEFAULT_TRUST_DOMAIN,
    namespace: env.podNamespace,
    serviceAccount: env.serviceAccount,
    tokenPath: TOKEN_PATH,
    ttlMs: env.secretTtlMs,
    graceRatio: env.graceRatio,
    graceRatioJitter: env.graceRatioJitter,
    eccAlgorithm: env.eccAlgorithm,
    eccCurve: env.eccCurve,
    rsaKeyBits: env.rsaKeyBits,
    pkcs8Key: env.pkcs8Key,
    outputCertsDir: env.outputCerts,
    isInCluster: env.kubernetesHost !== '',
    certSigner: env.certSigner,
    socketPath: `${SOCKET_DIRECTORY}/${env.workloadSocketFile}`,
  };
}

const FETCHERS = new Set(['', 'JWT', 'GoogleComputeEngine', 'Mock']);
const PROVIDERS = new Set(['Citadel', 'GkeWorkloadCertificate']);

function checkIdentity(env: Env): void {
  if (!FETCHERS.has(env.credentialFetcher)) {
    const type = env.credentialFetcher;
    throw new ConfigError(`failed to create credential fetcher: invalid credential fetcher type ${type}`);
  }
  if (env.provisionedCerts !== '' && env.fileMountedCerts) {
    throw new ConfigError('invalid options: PROV_CERT and FILE_MOUNTED_CERTS are mutually exclusive');
  }
  const file = env.workloadSocketFile;
  if (file === '' || file.includes('/')) {
    throw new ConfigError(`workload identity socket file override must be a filename, not a path: ${file}`);
  }
  const provider = env.caAddress.includes('googleapis.com') ? 'GoogleCA' : env.caProvider;
  if (!env.fileMountedCerts && !PROVIDERS.has(provider)) {
    const stage = 'failed to start default Istio SDS server: failed to start workload secret manager';
    throw new ConfigError(`${stage} CA provider "${provider}" not registered`);
  }
}

export function controlPlaneConfig(
  env: Env,
  environment: Environment,
  proxyConfig: ProxyConfig,
  workingDirectory: string,
): ControlPlaneConfig {
  const { proxyMetadata } = proxyConfig;
  return {
    workingDirectory,
    discoveryAddress: proxyConfig.discoveryAddress,
    discoveryTls: proxyConfig.controlPlaneAuth !== 'NONE',
    caAddress: env.caAddress,
    caProvider: env.caProvider,
    istiodSan: env.istiodSan,
    caRootFile: env.caRootCa,
    xdsRootFile: env.xdsRootCa,
    certProvider: env.pilotCertProvider,
    provCertDir: env.provisionedCerts,
    fileMountedCerts: env.fileMountedCerts,
    clientRootFile: proxyMetadata.ISTIO_META_TLS_CLIENT_ROOT_CERT ?? '',
    clientChainFile: proxyMetadata.ISTIO_META_TLS_CLIENT_CERT_CHAIN ?? '',
    clientKeyFile: proxyMetadata.ISTIO_META_TLS_CLIENT_KEY ?? '',
    compliancePolicy: env.compliancePolicy,
    clusterId: env.clusterId,
    caHeaders: withPrefix(environment, 'CA_HEADER_'),
    xdsHeaders: withPrefix(environment, 'XDS_HEADER_'),
    keepaliveMs: env.keepaliveIntervalMs,
    keepaliveTimeoutMs: env.keepaliveTimeoutMs,
  };
}
