// What takes builds of the image that no other test needs: that a build from nothing gives the same layers, and what
// ENVOY_FROM takes and refuses. Needs root, podman, gcc and a few minutes.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { agentImage, buildImage, IMAGE_LOCK } from '../e2e/pods/podman/agent-image.ts';
import { withFileLock } from '../e2e/pods/podman/file-lock.ts';
import { Podman } from '../e2e/pods/podman/podman.ts';
import { TestedImage } from '../image/tested-image.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const BUILT = 'localhost/sidecar-agent:verified';
const PROXY = 'localhost/sidecar-agent-proxy:test';

/** Says what Envoy says, with the words of a library. */
const PROGRAM = `
  #include <stdio.h>
  const char *revision(void);
  int main(void) { printf("envoy  version: %s/9.8.7/Clean/RELEASE/BoringSSL\\n", revision()); return 0; }
`;
const LIBRARY = `const char *revision(void) { return "0123456789abcdef0123456789abcdef01234567"; }`;

describe('a build of the image', function () {
  this.timeout(1_200_000);

  let podman: Podman;
  let folder: TemporaryDirectory;

  before(async () => {
    podman = await Podman.open();
    folder = await temporaryDirectory();
    await compileProxy(folder.path);
  });

  afterEach(async () => {
    for (const name of [BUILT, PROXY])
      await podman.run(['image', 'rm', '--force', name]).catch(() => undefined);
  });

  after(() => folder[Symbol.asyncDispose]());

  /** Another process that removes what is not used does not meet a build in the middle. */
  const build = (flags: readonly string[]): Promise<string> =>
    withFileLock(IMAGE_LOCK, () => buildImage(podman, BUILT, flags));

  const envoyFrom = (value: string): Promise<string> => build(['--build-arg', `ENVOY_FROM=${value}`]);

  /** Makes an image of these files, by their paths. */
  async function importProxy(files: Readonly<Record<string, string>>): Promise<void> {
    const archive = join(folder.path, 'proxy.tar');
    const moved = Object.entries(files).flatMap(([path, file]) => ['--transform', `s|^${file}$|${path}|`]);
    await promisify(execFile)('tar', ['-C', folder.path, ...moved, '-cf', archive, ...Object.values(files)]);
    await podman.run(['import', '--quiet', archive, PROXY]);
  }

  it('gives the same layers again, but for that of the code cache', async () => {
    const before = await new TestedImage(podman, await agentImage(podman)).config();

    await build(['--no-cache']);

    const after = await new TestedImage(podman, BUILT).config();
    deepEqual(after.RootFS.Layers.slice(0, 4), before.RootFS.Layers.slice(0, 4));
    equal(after.RootFS.Layers.length, 5);
  });

  it('takes Envoy from an image that ENVOY_FROM names, with the libraries it brings', async () => {
    await importProxy({
      'usr/local/bin/envoy': 'envoy',
      'usr/local/lib/libown-envoy.so.1': 'libown-envoy.so.1',
    });

    await envoyFrom(PROXY);

    const image = new TestedImage(podman, BUILT);
    const { stdout } = await image.run(['--version'], ['--network', 'none', '--entrypoint', 'envoy']);
    const sbom = JSON.parse(await image.text('/usr/share/sbom/sidecar-agent.cdx.json')) as {
      readonly components: readonly { readonly purl?: string; readonly properties?: unknown }[];
    };
    match(stdout, /^envoy {2}version: 0123456789abcdef/);
    const envoy = sbom.components.find(({ purl }) => purl === 'pkg:generic/envoy@9.8.7');
    deepEqual(envoy?.properties, [{ name: 'sidecar-agent:envoy-from', value: PROXY }]);
  });

  it('refuses an image without Envoy', async () => {
    await writeFile(join(folder.path, 'motd'), 'no proxy\n');
    await importProxy({ 'etc/motd': 'motd' });

    await rejects(
      envoyFrom(PROXY),
      /ENVOY_FROM=localhost\/sidecar-agent-proxy:test: there is no \/usr\/local\/bin\/envoy/,
    );
  });

  it('refuses an Envoy that lacks a library', async () => {
    await importProxy({ 'usr/local/bin/envoy': 'envoy' });

    await rejects(envoyFrom(PROXY), /envoy cannot run on this system: libown-envoy\.so\.1 => not found/);
  });

  it('refuses an image that is not there, by its name', async () => {
    await rejects(envoyFrom('localhost/no-such-proxy:1'), /localhost\/no-such-proxy:1: image not known/);
  });
});

/** Makes `envoy` and the library it needs. */
async function compileProxy(folder: string): Promise<void> {
  const compile = (...words: readonly string[]) => promisify(execFile)('gcc', words, { cwd: folder });
  await writeFile(join(folder, 'main.c'), PROGRAM);
  await writeFile(join(folder, 'library.c'), LIBRARY);
  await compile('-shared', '-fPIC', '-o', 'libown-envoy.so.1', 'library.c');
  await compile('-o', 'envoy', 'main.c', '-L.', '-l:libown-envoy.so.1');
}
