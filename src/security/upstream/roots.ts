// Which root certificate the CA and the discovery service are verified with, first rule that matches. The choice
// is made once, at start; what the file holds is read at every dial (dialer.ts).
// Upstream counterpart: istio pkg/istio-agent/agent.go FindRootCAForCA, FindRootCAForXDS.

import { stat } from 'node:fs/promises';
import { join, normalize, resolve } from 'node:path';

import { ConfigError, errnoOf } from '../../runtime/errors.ts';

export interface RootSettings {
  /** What relative paths start from, absolute. */
  readonly workingDirectory: string;
  /** CA endpoint `host:port`; only named in an error here. */
  readonly caAddress: string;
  /** `CA_ROOT_CA` and `XDS_ROOT_CA`: a file, `SYSTEM`, or empty. */
  readonly caRootFile: string;
  readonly xdsRootFile: string;
  /** `PILOT_CERT_PROVIDER`. */
  readonly certProvider: string;
  /** `PROV_CERT`, a directory, or empty. */
  readonly provCertDir: string;
  /** `FILE_MOUNTED_CERTS`. */
  readonly fileMountedCerts: boolean;
  /** `ISTIO_META_TLS_CLIENT_ROOT_CERT` of the proxy metadata, or empty. */
  readonly clientRootFile: string;
}

/** A bundle of trust anchors: the operating system's, or a file's. */
export type Root =
  | { readonly kind: 'system' }
  /** `path` is absolute, `name` what the user knows it by: cleaned, still relative. */
  | { readonly kind: 'file'; readonly path: string; readonly name: string };

const EXISTING_ROOT = './etc/certs/root-cert.pem';
const MOUNTED_ROOT = './var/run/secrets/istio/root-cert.pem';
/** How the reference begins the reason why no CA can be asked. */
export const FATAL_CA = 'failed to start default Istio SDS server: failed to start workload secret manager';
const FATAL_XDS = 'failed to start xds proxy: failed to get TLS options to talk to upstream:';

/** @throws ConfigError in the words of the reference; the agent cannot start */
export async function findCaRoot(settings: RootSettings): Promise<Root> {
  const { caRootFile, certProvider, provCertDir, caAddress } = settings;
  const fatal = `${FATAL_CA} failed to find root CA cert for CA: root CA file for CA`;
  const required = (file: string): Promise<Root> => existingRoot(settings, file, fatal, 'CA_ROOT_CA');
  if (caRootFile === 'SYSTEM') return { kind: 'system' };
  if (caRootFile !== '') return required(caRootFile);
  if (certProvider === 'custom') return required(EXISTING_ROOT);
  if (provCertDir !== '') {
    const root = fileRoot(settings, join(provCertDir, 'root-cert.pem'));
    if (await isFile(root.path)) return root;
    throw new ConfigError(`invalid config - ${caAddress} missing a root certificate ${root.name}`);
  }
  if (certProvider === 'none') {
    throw new ConfigError(`${fatal} required but configured provider as none`);
  }
  return required(MOUNTED_ROOT);
}

/** @throws ConfigError in the words of the reference; the agent cannot start */
export async function findXdsRoot(settings: RootSettings): Promise<Root> {
  const { xdsRootFile, certProvider, provCertDir, fileMountedCerts, clientRootFile } = settings;
  const fatal = `${FATAL_XDS} failed to find root CA cert for XDS: root CA file for XDS`;
  const required = (file: string): Promise<Root> => existingRoot(settings, file, fatal, 'XDS_ROOT_CA');
  if (xdsRootFile === 'SYSTEM') return { kind: 'system' };
  if (xdsRootFile !== '') return required(xdsRootFile);
  const existing = fileRoot(settings, EXISTING_ROOT);
  if (await isFile(existing.path)) return existing;
  // Not looked for: on a VM it may arrive later.
  if (provCertDir !== '') return fileRoot(settings, join(provCertDir, 'root-cert.pem'));
  if (fileMountedCerts && clientRootFile === '') {
    const remedy = 'set XDS_ROOT_CA, or ISTIO_META_TLS_CLIENT_ROOT_CERT in proxyMetadata';
    throw new ConfigError(`${fatal} does not exist : ${remedy}`);
  }
  if (fileMountedCerts) return required(clientRootFile);
  if (certProvider === 'none') throw new ConfigError(`${fatal} required but configured provider as none`);
  return required(MOUNTED_ROOT);
}

function fileRoot(settings: RootSettings, file: string): Root & { kind: 'file' } {
  return { kind: 'file', path: resolve(settings.workingDirectory, file), name: normalize(file) };
}

/** @param variable the one that names another file */
async function existingRoot(
  settings: RootSettings,
  file: string,
  fatal: string,
  variable: string,
): Promise<Root> {
  const root = fileRoot(settings, file);
  if (await isFile(root.path)) return root;
  throw new ConfigError(
    `${fatal} does not exist ${root.name}: put the mesh's root certificate there, or name its file in ${variable}`,
  );
}

/** Links are followed. A path that cannot be looked at counts as absent, as in the reference. */
async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
