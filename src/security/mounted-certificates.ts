// The workload's certificate as files: where a user may put one, and where platforms mount theirs. The presence of
// all three of a platform's means that no CA is to be asked.
// Upstream: istio pkg/security/security.go, CheckWorkloadCertificate.

import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { ConfigError, errnoOf } from '../runtime/errors.ts';

/** Absolute. */
export interface CertificatePaths {
  readonly directory: string;
  readonly certificate: string;
  readonly key: string;
  readonly root: string;
}

const EXISTING_DIRECTORY = './etc/certs';
const MOUNTED_DIRECTORY = './var/run/secrets/workload-spiffe-credentials';
const NAMES = ['cert-chain.pem', 'key.pem', 'root-cert.pem'] as const;
const GKE_NAMES = ['certificates.pem', 'private_key.pem', 'ca_certificates.pem'] as const;

/** A user's own, which are there or not. */
export function existingCertificates(workingDirectory: string): CertificatePaths {
  return pathsIn(workingDirectory, EXISTING_DIRECTORY, NAMES);
}

/** Those that a platform mounts under the names of the mesh. */
export function mountedCertificates(workingDirectory: string): CertificatePaths {
  return pathsIn(workingDirectory, MOUNTED_DIRECTORY, NAMES);
}

/** Those of `CA_PROVIDER=GkeWorkloadCertificate`. */
export function gkeCertificates(workingDirectory: string): CertificatePaths {
  return pathsIn(workingDirectory, MOUNTED_DIRECTORY, GKE_NAMES);
}

/** Whether all three files are there, whatever they hold. */
export async function areThere({ certificate, key, root }: CertificatePaths): Promise<boolean> {
  try {
    await Promise.all([certificate, key, root].map((path) => access(path)));
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/**
 * What `CA_PROVIDER=GkeWorkloadCertificate` needs.
 *
 * @param provCertDir PROV_CERT; empty: unset
 * @throws ConfigError in the reference's words
 */
export async function checkGkeCertificates(workingDirectory: string, provCertDir: string): Promise<void> {
  if (!(await areThere(gkeCertificates(workingDirectory)))) {
    const paths = GKE_NAMES.map((name) => `${MOUNTED_DIRECTORY}/${name}`).join(', ');
    throw new ConfigError(`GKE workload certificate files (${paths}) not present`);
  }
  if (provCertDir === '') return;
  const what = 'PROV_CERT and FILE_MOUNTED_CERTS of GKE workload cert';
  throw new ConfigError(`invalid options: ${what} are mutually exclusive`);
}

function pathsIn(
  workingDirectory: string,
  directory: string,
  [certificate, key, root]: readonly [string, string, string],
): CertificatePaths {
  const absolute = resolve(workingDirectory, directory);
  return {
    directory: absolute,
    certificate: join(absolute, certificate),
    key: join(absolute, key),
    root: join(absolute, root),
  };
}
