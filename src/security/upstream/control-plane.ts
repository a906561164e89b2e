// The two dialers of an agent, from its settings: which address, root, name and client certificate go to the CA,
// and which to the discovery service. Mistakes in them are found here, at start.

import { join, resolve } from 'node:path';

import { ConfigError, messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Headers } from './call-headers.ts';
import type { CertificateFiles } from './client-certificate.ts';
import { serverNameOf, UpstreamDialer, type TlsSettings, type UpstreamDeps } from './dialer.ts';
import type { HttpProxyVariables } from './http-proxy.ts';
import { KeptAnchors } from './kept-anchors.ts';
import { FATAL_CA, findCaRoot, findXdsRoot, type Root, type RootSettings } from './roots.ts';
import { readTrustAnchors } from './trust-anchors.ts';

export interface ControlPlaneSettings extends RootSettings, HttpProxyVariables {
  /** `CA_ADDR`; empty: the discovery address. */
  readonly caAddress: string;
  /** `host:port`. */
  readonly discoveryAddress: string;
  /** `ISTIOD_SAN`, or empty. */
  readonly istiodSan: string;
  /** `CA_PROVIDER`. */
  readonly caProvider: string;
  /** False for `controlPlaneAuthPolicy: NONE`; only the discovery connection looks at it. */
  readonly discoveryTls: boolean;
  /** `ISTIO_META_TLS_CLIENT_CERT_CHAIN` and `…_KEY` of the proxy metadata, or empty. */
  readonly clientChainFile: string;
  readonly clientKeyFile: string;
  readonly compliancePolicy: string;
  readonly clusterId: string;
  /** `CA_HEADER_*` and `XDS_HEADER_*`, without the prefix. */
  readonly caHeaders: Headers;
  readonly xdsHeaders: Headers;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** What a connection to the CA is secured with. */
export interface CaRootProvider {
  /** Where the trust anchors are. @throws ConfigError when there is no place for them */
  findRoot(): Promise<Root>;
  /** The client certificate to show; undefined: none. */
  readonly clientCertificate: CertificateFiles | undefined;
}

/** `CA_ADDR`, or where the discovery service is. */
export function caAddressOf({ caAddress, discoveryAddress }: ControlPlaneSettings): string {
  return caAddress || discoveryAddress;
}

/** As upstream's rules choose. */
export function caRoots(settings: ControlPlaneSettings): CaRootProvider {
  return {
    findRoot: () => findCaRoot({ ...settings, caAddress: caAddressOf(settings) }),
    clientCertificate: settings.provCertDir === '' ? undefined : provisionedFiles(settings),
  };
}

/** @throws ConfigError when there is no usable root certificate */
export async function openCaDialer(
  settings: ControlPlaneSettings,
  roots: CaRootProvider,
  deps: UpstreamDeps,
): Promise<UpstreamDialer> {
  const { log } = deps;
  const address = caAddressOf(settings);
  const plaintext = address.endsWith(':15010');
  if (plaintext) log.warn(`the connection to the CA ${address} is not encrypted`);
  const tls = plaintext ? undefined : await caTls(settings, roots);
  if (tls) log.info(`Using CA ${address} cert with ${rootText(tls.root)}`);
  return new UpstreamDialer({ ...settings, address, tls, headers: settings.caHeaders }, deps);
}

/** @throws ConfigError when there is no usable root certificate */
export async function openXdsDialer(
  settings: ControlPlaneSettings,
  deps: UpstreamDeps,
): Promise<UpstreamDialer> {
  const address = settings.discoveryAddress;
  const tls = settings.discoveryTls ? await xdsTls(settings, deps.log) : undefined;
  return new UpstreamDialer({ ...settings, address, tls, headers: settings.xdsHeaders }, deps);
}

/** @throws ConfigError naming the address that nobody could dial */
export function checkAddresses({ caAddress, discoveryAddress }: ControlPlaneSettings): void {
  if (caAddress !== '') requirePort('CA_ADDR', caAddress);
  requirePort('discoveryAddress', discoveryAddress);
}

function requirePort(name: string, address: string): void {
  if (/^(?:\[[^\]]+\]|[^:]+):\d+$/.test(address)) return;
  throw new ConfigError(`${name} "${address}" is no address: write it as host:port, or [host]:port for IPv6`);
}

async function caTls(settings: ControlPlaneSettings, roots: CaRootProvider): Promise<TlsSettings> {
  const root = await roots.findRoot();
  await required(FATAL_CA, readTrustAnchors(root));
  // An address of the CA's own is verified by its own name; ISTIOD_SAN is the control plane's.
  const override = settings.caAddress === '' ? settings.istiodSan : '';
  const serverName = serverNameOf(caAddressOf(settings), override);
  const { compliancePolicy } = settings;
  return { root, serverName, clientCertificate: roots.clientCertificate, compliancePolicy };
}

async function xdsTls(settings: ControlPlaneSettings, log: Log): Promise<TlsSettings> {
  const root = await findXdsRoot(settings);
  const anchors = await required('failed to start xds proxy:', KeptAnchors.open(root, log));
  const serverName = serverNameOf(settings.discoveryAddress, settings.istiodSan);
  const { compliancePolicy } = settings;
  return { root, anchors, serverName, clientCertificate: xdsClientFiles(settings), compliancePolicy };
}

function xdsClientFiles(settings: ControlPlaneSettings): CertificateFiles | undefined {
  const { provCertDir, fileMountedCerts, clientChainFile, clientKeyFile, workingDirectory } = settings;
  if (provCertDir !== '') return provisionedFiles(settings);
  if (!fileMountedCerts || clientChainFile === '') return undefined;
  const chainPath = resolve(workingDirectory, clientChainFile);
  return { chainPath, keyPath: resolve(workingDirectory, clientKeyFile) };
}

function provisionedFiles({ workingDirectory, provCertDir }: ControlPlaneSettings): CertificateFiles {
  const directory = resolve(workingDirectory, provCertDir);
  return { chainPath: join(directory, 'cert-chain.pem'), keyPath: join(directory, 'key.pem') };
}

/** Later the same fault is only a failed dial, but at start it is a mistake to be told, after the reference's words. */
async function required<T>(fatal: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw new ConfigError(`${fatal} ${messageOf(error)}`, { cause: error });
  }
}

function rootText(root: Root): string {
  return root.kind === 'file' ? `certs: ${root.name}` : 'system certs';
}
