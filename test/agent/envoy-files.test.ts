import { deepEqual, equal } from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { changedFiles, fingerprints, envoyFiles } from '../../src/agent/envoy-files.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig, type GivenConfig } from './support/agent-config.ts';

async function namedBy(given: GivenConfig = {}): Promise<string[]> {
  return envoyFiles(await agentConfig(given), '/bin/envoy').map(({ cause, path }) => `${cause} ${path}`);
}

describe('envoyFiles', () => {
  it('names the mesh file, what the pod says of itself, and the binary', async () => {
    deepEqual(await namedBy(), [
      'mesh-config ./etc/istio/config/mesh',
      'mesh-config ./etc/istio/pod/annotations',
      'labels ./etc/istio/pod/labels',
      'binary /bin/envoy',
    ]);
  });

  it('names the files that somebody gave: mesh file, override, and template', async () => {
    const files = (await namedBy({
      flags: { meshConfig: '/mesh' },
      env: { ISTIO_BOOTSTRAP_OVERRIDE: '/override.yaml', ISTIO_BOOTSTRAP: '/template.json' },
    })) as readonly string[];

    equal(files[0], 'mesh-config /mesh');
    deepEqual(files.slice(3, 5), ['bootstrap /override.yaml', 'bootstrap /template.json']);
  });

  it('names the custom configuration instead of a template that it makes useless', async () => {
    const files = await namedBy({
      env: { ISTIO_BOOTSTRAP: '/template.json' },
      proxyConfig: { customConfigFile: '/custom.json' },
    });

    deepEqual(
      files.filter((file) => file.startsWith('bootstrap')),
      ['bootstrap /custom.json'],
    );
  });

  it('names no certificate, wherever those are', async () => {
    const files = await namedBy({ env: { OUTPUT_CERTS: '/certs', PROV_CERT: '/prov' } });

    deepEqual(
      files.filter((file) => /cert|secret|prov/i.test(file)),
      [],
    );
  });
});

describe('changedFiles', () => {
  it('finds files whose content is another, that came and that went', async () => {
    await using folder = await temporaryDirectory();
    const files = ['same', 'other', 'gone', 'new', 'absent'].map((name) => ({
      path: join(folder.path, name),
      cause: 'bootstrap' as const,
    }));
    for (const name of ['same', 'other', 'gone']) await writeFile(join(folder.path, name), 'a');
    const before = await fingerprints(files);

    await writeFile(join(folder.path, 'same'), 'a');
    await writeFile(join(folder.path, 'other'), 'b');
    await rm(join(folder.path, 'gone'));
    await writeFile(join(folder.path, 'new'), 'a');
    const changed = changedFiles(files, before, await fingerprints(files));

    deepEqual(
      changed.map(({ path }) => path.slice(folder.path.length + 1)),
      ['other', 'gone', 'new'],
    );
  });

  it('knows a binary by its file, not by its content', async () => {
    await using folder = await temporaryDirectory();
    const binary = { path: join(folder.path, 'envoy'), cause: 'binary' as const };
    await writeFile(binary.path, 'envoy');
    const before = await fingerprints([binary]);

    await writeFile(`${binary.path}.new`, 'envoy');
    await rename(`${binary.path}.new`, binary.path);

    deepEqual(changedFiles([binary], before, await fingerprints([binary])), [binary]);
  });
});
