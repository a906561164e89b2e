// The workload's certificate as files that a platform mounts: the presence of all three means that no CA is to be
// asked. Upstream: istio security/pkg/nodeagent, pkg/security/security.go CheckWorkloadCertificate.

import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { ConfigError, errnoOf } from '../runtime/errors.ts';

const DIRECTORY = './var/run/secrets/workload-spiffe-credentials';
const OWN_NAMES = ['cert-chain.pem', 'key.pem', 'root-cert.pem'];
const GKE_NAMES = ['certificates.pem', 'private_key.pem', 'ca_certificates.pem'];

/** Whether chain, key and root are there under the names of the mesh. */
export function hasMountedCertificates(workingDirectory: string): Promise<boolean> {
  return allExist(workingDirectory, OWN_NAMES);
}

/**
 * What `CA_PROVIDER=GkeWorkloadCertificate` needs.
 *
 * @param provCertDir PROV_CERT; empty: unset
 * @throws ConfigError in the reference's words
 */
export async function checkGkeCertificates(workingDirectory: string, provCertDir: string): Promise<void> {
  if (!(await allExist(workingDirectory, GKE_NAMES))) {
    const paths = GKE_NAMES.map((name) => `${DIRECTORY}/${name}`).join(', ');
    throw new ConfigError(`GKE workload certificate files (${paths}) not present`);
  }
  if (provCertDir === '') return;
  const what = 'PROV_CERT and FILE_MOUNTED_CERTS of GKE workload cert';
  throw new ConfigError(`invalid options: ${what} are mutually exclusive`);
}

async function allExist(workingDirectory: string, names: readonly string[]): Promise<boolean> {
  const paths = names.map((name) => resolve(workingDirectory, join(DIRECTORY, name)));
  try {
    await Promise.all(paths.map((path) => access(path)));
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
