// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  areThere,
  checkGkeCertificates,
  existingCertificates,
  gkeCertificates,
  mountedCertificates,
} from '../../src/security/mounted-certificates.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('mounted certificates', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    await mkdir(join(folder.path, 'var/run/secrets/workload-spiffe-credentials'), { recursive: true });
  });
  afterEach(() => folder.remove());

  async function mount(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await writeFile(join(folder.path, 'var/run/secrets/workload-spiffe-credentials', name), '');
    }
  }

  it('count when all three are there', async () => {
    await mount('cert-chain.pem', 'key.pem');
    equal(await areThere(mountedCertificates(folder.path)), false);

    await mount('root-cert.pem');
    equal(await areThere(mountedCertificates(folder.path)), true);
  });

  it('have the names of their platform', () => {
    deepEqual(existingCertificates('/w'), {
      directory: '/w/etc/certs',
      certificate: '/w/etc/certs/cert-chain.pem',
      key: '/w/etc/certs/key.pem',
      root: '/w/etc/certs/root-cert.pem',
    });
    const directory = '/w/var/run/secrets/workload-spiffe-credentials';
    deepEqual(gkeCertificates('/w'), {
      directory,
      certificate: `${directory}/certificates.pem`,
      key: `${directory}/private_key.pem`,
      root: `${directory}/ca_certificates.pem`,
    });
  });

  it('54: of GKE are named when one is missing', async () => {
    await mount('certificates.pem', 'private_key.pem');
    const directory = './var/run/secrets/workload-spiffe-credentials';

    await rejects(checkGkeCertificates(folder.path, 'certs'), {
      name: 'ConfigError',
      message:
        `GKE workload certificate files (${directory}/certificates.pem, ${directory}/private_key.pem, ` +
        `${directory}/ca_certificates.pem) not present`,
    });
  });

  it('of GKE exclude provisioned ones', async () => {
    await mount('certificates.pem', 'private_key.pem', 'ca_certificates.pem');

    await checkGkeCertificates(folder.path, '');
    await rejects(checkGkeCertificates(folder.path, 'certs'), {
      message:
        'invalid options: PROV_CERT and FILE_MOUNTED_CERTS of GKE workload cert are mutually exclusive',
    });
  });
});
