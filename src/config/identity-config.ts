// Who the workload is, which certificate it asks for and how it reaches the control plane. Files are not looked at
// here: which root certificate exists is found out by whoever opens the connection.
// Upstream: pilot/cmd/pilot-agent/options/security.go, agent.go.

import { ConfigError } from '../runtime/errors.ts';
import { withPrefix, type Env, type Environment } from './env.ts';
import { info, warning, type Notice } from './notices.ts';
import type { ProxyConfig } from './proxy-config/proxy-config.ts';

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
  /** A certificate for another identity than asked for is refused. */
  readonly strictSpiffeId: boolean;
  /** Of one attempt at a signing request, and of all of them together. */
  readonly caAttemptTimeoutMs: number;
  readonly caCallTimeoutMs: number;
  /** SDS of the workload's identity: ours, or that of another server, which may have another file name. */
  readonly socketPath: string;
  /** Where ours listens while another server has that one. */
  readonly filesSocketPath: string;
  /** Another server's, for secrets of a gateway. */
  readonly credentialSocketPath: string;
}

export interface ControlPlaneConfig {
  /** What relative paths start from. */
  readonly workingDirectory: string;
  readonly discoveryAddress: string;
  /** False: plaintext to the discovery address. */
  readonly discoveryTls: boolean;
  /** Empty: the discovery address. */
  readonly caAddress: string;
  /** Only `Citadel` is known; whoever needs a CA refuses the others. */
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
  /** URL of the proxy between here and the control plane, or empty; and what is reached without it. */
  readonly httpsProxy: string;
  readonly noProxy: string;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** The projected token; the same file for every JWT policy. */
const TOKEN_PATH = './var/run/secrets/tokens/istio-token';
const SOCKET_DIRECTORY = './var/run/secrets/workload-spiffe-uds';
const CREDENTIAL_SOCKET_DIRECTORY = './var/run/secrets/credential-uds';
export const FILES_SOCKET_PATH = `${CREDENTIAL_SOCKET_DIRECTORY}/files-socket`;
const DEFAULT_TRUST_DOMAIN = 'cluster.local';
const KNOWN_POLICIES = new Set(['third-party-jwt', 'first-party-jwt']);

/** @throws ConfigError naming the variable, for settings that exclude each other or do not exist */
export function identityConfig(env: Env, notices: Notice[]): IdentityConfig {
  checkIdentity(env);
  if (env.jwtPolicy === 'first-party-jwt') {
    notices.push(warning("Using deprecated JWT policy 'first-party-jwt'; treating as 'third-party-jwt'"));
  }
  if (!KNOWN_POLICIES.has(env.jwtPolicy)) notices.push(info('Using existing certs'));
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
    strictSpiffeId: env.strictSpiffeId,
    caAttemptTimeoutMs: env.caAttemptTimeoutMs,
    caCallTimeoutMs: env.caCallTimeoutMs,
    socketPath: `${SOCKET_DIRECTORY}/${env.workloadSocketFile}`,
    filesSocketPath: FILES_SOCKET_PATH,
    credentialSocketPath: `${CREDENTIAL_SOCKET_DIRECTORY}/socket`,
  };
}

const FETCHERS = new Set(['', 'JWT', 'GoogleComputeEngine', 'Mock']);
/** A CA provider of its own kind: the platform mounts the certificates, and no CA is asked. */
export const GKE_PROVIDER = 'GkeWorkloadCertificate';

function checkIdentity(env: Env): void {
  if (!FETCHERS.has(env.credentialFetcher)) {
    const type = env.credentialFetcher;
    throw new ConfigError(`failed to create credential fetcher: invalid credential fetcher type ${type}`);
  }
  if (env.provisionedCerts !== '' && env.fileMountedCerts && env.caProvider !== GKE_PROVIDER) {
    throw new ConfigError('invalid options: PROV_CERT and FILE_MOUNTED_CERTS are mutually exclusive');
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
    caProvider: caProviderOf(env, env.caAddress || proxyConfig.discoveryAddress),
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
    httpsProxy: env.httpsProxy || env.httpsProxyLowerCase,
    noProxy: env.noProxy || env.noProxyLowerCase,
    keepaliveMs: env.keepaliveIntervalMs,
    keepaliveTimeoutMs: env.keepaliveTimeoutMs,
  };
}

/** Google's CA is told by its address. */
function caProviderOf({ caProvider }: Env, caAddress: string): string {
  return caProvider !== GKE_PROVIDER && caAddress.includes('googleapis.com') ? 'GoogleCA' : caProvider;
}
