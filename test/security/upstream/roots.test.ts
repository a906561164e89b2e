import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { ConfigError } from '../../../src/runtime/errors.ts';
import { findCaRoot, findXdsRoot, type RootSettings } from '../../../src/security/upstream/roots.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const MOUNTED = 'var/run/secrets/istio/root-cert.pem';
const EXISTING = 'etc/certs/root-cert.pem';

describe('the root certificate', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory.remove());

  function settings(part: Partial<RootSettings> = {}): RootSettings {
    return {
      workingDirectory: directory.path,
      caAddress: 'ca.example:15012',
      caRootFile: '',
      xdsRootFile: '',
      certProvider: 'istiod',
      provCertDir: '',
      fileMountedCerts: false,
      clientRootFile: '',
      ...part,
    };
  }

  async function make(...paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await mkdir(dirname(join(directory.path, path)), { recursive: true });
      await writeFile(join(directory.path, path), 'a root');
    }
  }

  const file = (name: string) => ({ kind: 'file', path: join(directory.path, name), name });

  describe('of the CA', () => {
    const fatal =
      'failed to start default Istio SDS server: failed to start workload secret manager ' +
      'failed to find root CA cert for CA: root CA file for CA';

    it('is by default the mounted one', async () => {
      await make(MOUNTED, EXISTING);

      assert.deepEqual(await findCaRoot(settings()), file(MOUNTED));
    });

    it('is the named file or the system, before every other rule', async () => {
      await make('my/root.pem', MOUNTED);
      const part = { certProvider: 'none', provCertDir: './prov' };

      assert.deepEqual(
        await findCaRoot(settings({ ...part, caRootFile: './my/root.pem' })),
        file('my/root.pem'),
      );
      assert.deepEqual(await findCaRoot(settings({ ...part, caRootFile: 'SYSTEM' })), { kind: 'system' });
    });

    it('is the existing one for the custom provider', async () => {
      await make(EXISTING, MOUNTED);

      assert.deepEqual(await findCaRoot(settings({ certProvider: 'custom' })), file(EXISTING));
    });

    it('is the one of PROV_CERT, which must be there', async () => {
      const provisioned = settings({ provCertDir: './prov', certProvider: 'none' });

      await assert.rejects(findCaRoot(provisioned), {
        message: 'invalid config - ca.example:15012 missing a root certificate prov/root-cert.pem',
      });
      await make('prov/root-cert.pem');

      assert.deepEqual(await findCaRoot(provisioned), file('prov/root-cert.pem'));
    });

    it('is fatal when missing, a directory, or not provided: the words of the reference, and the remedy', async () => {
      await mkdir(join(directory.path, 'my'));
      const remedy = "put the mesh's root certificate there, or name its file in CA_ROOT_CA";

      for (const [part, text] of [
        [{}, `does not exist ${MOUNTED}: ${remedy}`],
        [{ certProvider: 'custom' }, `does not exist ${EXISTING}: ${remedy}`],
        [{ caRootFile: './my' }, `does not exist my: ${remedy}`],
        [{ certProvider: 'none' }, 'required but configured provider as none'],
      ] as const) {
        await assert.rejects(findCaRoot(settings(part)), (error) => {
          assert.ok(error instanceof ConfigError);
          assert.equal(error.message, `${fatal} ${text}`);
          return true;
        });
      }
    });

    it('may be a link, as mounted volumes have them', async () => {
      await make('real/root.pem');
      await mkdir(join(directory.path, 'var/run/secrets/istio'), { recursive: true });
      await symlink(join(directory.path, 'real/root.pem'), join(directory.path, MOUNTED));

      assert.deepEqual(await findCaRoot(settings()), file(MOUNTED));
    });
  });

  describe('of the discovery service', () => {
    const fatal =
      'failed to start xds proxy: failed to get TLS options to talk to upstream: ' +
      'failed to find root CA cert for XDS: root CA file for XDS';

    it('follows its own order: named, existing, PROV_CERT, mounted by metadata, mounted', async () => {
      await make(MOUNTED, 'm/root.pem');
      const mounted = { fileMountedCerts: true, clientRootFile: './m/root.pem' };

      assert.deepEqual(await findXdsRoot(settings({ xdsRootFile: 'SYSTEM' })), { kind: 'system' });
      assert.deepEqual(await findXdsRoot(settings({ xdsRootFile: MOUNTED, ...mounted })), file(MOUNTED));
      assert.deepEqual(await findXdsRoot(settings(mounted)), file('m/root.pem'));
      assert.deepEqual(await findXdsRoot(settings()), file(MOUNTED));
      assert.deepEqual(await findXdsRoot(settings({ provCertDir: './prov' })), file('prov/root-cert.pem'));
      await make(EXISTING);
      assert.deepEqual(await findXdsRoot(settings({ provCertDir: './prov', ...mounted })), file(EXISTING));
    });

    it('is fatal when missing: the words of the reference, and the remedy', async () => {
      const remedy = "put the mesh's root certificate there, or name its file in XDS_ROOT_CA";

      for (const [part, text] of [
        [{}, `does not exist ${MOUNTED}: ${remedy}`],
        [{ xdsRootFile: '/x/root.pem' }, `does not exist /x/root.pem: ${remedy}`],
        [{ certProvider: 'none' }, 'required but configured provider as none'],
        [
          { fileMountedCerts: true },
          'does not exist : set XDS_ROOT_CA, or ISTIO_META_TLS_CLIENT_ROOT_CERT in proxyMetadata',
        ],
      ] as const) {
        await assert.rejects(findXdsRoot(settings(part)), { message: `${fatal} ${text}` });
      }
    });
  });
});
