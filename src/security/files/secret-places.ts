// From the name of a secret to the files it is in: those the name itself tells, and the ones of this workload.

import { resolve } from 'node:path';

import { SecretError, TRUST_SECRET, WORKLOAD_SECRET } from '../secret-item.ts';
import { SYSTEM_BUNDLES } from '../upstream/trust-anchors.ts';
import type { CertificatePaths } from '../mounted-certificates.ts';
import { hasContent } from './certificate-file.ts';
import { parseFileResource } from './resource-name.ts';
import type { SecretFiles } from './secret-files.ts';

export interface SecretPlaces {
  /** What relative paths start from, absolute. */
  readonly workingDirectory: string;
  /** Of the workload, if they are there; undefined: files that this agent writes itself are no source. */
  readonly own: CertificatePaths | undefined;
  /** The operating system's bundle, absolute; undefined: it has none. */
  readonly systemBundle: string | undefined;
}

const SYSTEM_ROOT = 'file-root:system';
/** In the words of the reference. */
export const NO_SYSTEM_BUNDLE = 'OS CA Cert could not be found for agent';

/** The first bundle of the operating system that is there. */
export async function findSystemBundle(candidates = SYSTEM_BUNDLES): Promise<string | undefined> {
  for (const path of candidates) if (await hasContent(path)) return path;
  return undefined;
}

/**
 * Those of the workload count while they are there and not empty: it is looked at every time.
 *
 * @returns undefined when no file stands for this name
 * @throws SecretError for the system's bundle when there is none
 */
export async function filesOf(name: string, places: SecretPlaces): Promise<SecretFiles | undefined> {
  const { own, systemBundle } = places;
  if (name === WORKLOAD_SECRET) return own && ownPair(own);
  if (name === TRUST_SECRET) return own && ownRoot(own);
  if (name !== SYSTEM_ROOT) return namedFiles(name, places);
  if (systemBundle === undefined) throw new SecretError(NO_SYSTEM_BUNDLE);
  return { kind: 'root', path: systemBundle };
}

async function ownPair({ certificate, key }: CertificatePaths): Promise<SecretFiles | undefined> {
  const isThere = (await hasContent(certificate)) && (await hasContent(key));
  return isThere ? { kind: 'pair', certificatePath: certificate, keyPath: key } : undefined;
}

async function ownRoot({ root }: CertificatePaths): Promise<SecretFiles | undefined> {
  return (await hasContent(root)) ? { kind: 'root', path: root } : undefined;
}

/** A name that tells no path means nothing. */
function namedFiles(name: string, { workingDirectory }: SecretPlaces): SecretFiles | undefined {
  const resource = parseFileResource(name);
  if (resource === undefined) return undefined;
  const absolute = (path: string): string => resolve(workingDirectory, path);
  if (resource.kind === 'root') {
    return resource.path === '' ? undefined : { kind: 'root', path: absolute(resource.path) };
  }
  const { certificate, privateKey } = resource;
  if (certificate === '' || privateKey === '') return undefined;
  return { kind: 'pair', certificatePath: absolute(certificate), keyPath: absolute(privateKey) };
}
