// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal, rejects } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { filesOf, findSystemBundle, type SecretPlaces } from '../../../src/security/files/secret-places.ts';
import { existingCertificates } from '../../../src/security/mounted-certificates.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const NOWHERE: SecretPlaces = {
  workingDirectory: '/w',
  own: existingCertificates('/w'),
  systemBundle: undefined,
};

describe('findSystemBundle', () => {
  it('40: takes the first that is there and not empty', async () => {
    await using folder = await temporaryDirectory();
    const [none, empty, first, second] = ['none', 'empty', 'first', 'second'].map((name) =>
      join(folder.path, name),
    );
    const candidates = [none, empty, first, second].map((path) => path ?? '');
    await writeFile(empty ?? '', '');
    equal(await findSystemBundle(candidates), undefined);

    await writeFile(second ?? '', 'x');
    await writeFile(first ?? '', 'x');

    equal(await findSystemBundle(candidates), first);
  });
});

describe('filesOf', () => {
  it('41: makes paths of names absolute', async () => {
    deepEqual(await filesOf('file-root:./a/../r.pem', NOWHERE), { kind: 'root', path: '/w/r.pem' });
    deepEqual(await filesOf('file-cert:c.pem~/k.pem', NOWHERE), {
      kind: 'pair',
      certificatePath: '/w/c.pem',
      keyPath: '/k.pem',
    });
  });

  it("40: knows the system's bundle by one name only", async () => {
    const places = { ...NOWHERE, systemBundle: '/etc/bundle.pem' };

    deepEqual(await filesOf('file-root:system', places), { kind: 'root', path: '/etc/bundle.pem' });
    deepEqual(await filesOf('file-root:./system', places), { kind: 'root', path: '/w/system' });
    await rejects(filesOf('file-root:system', NOWHERE), {
      name: 'SecretError',
      message: 'OS CA Cert could not be found for agent',
    });
  });

  it('39: finds none for the workload that are not there', async () => {
    for (const name of ['default', 'ROOTCA']) equal(await filesOf(name, NOWHERE), undefined);
  });
});
