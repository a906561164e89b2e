// What is in the image, and what is not.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { describeImage, type ImageConfig, type ImageFile } from './tested-image.ts';

const SIZE_LIMIT_BYTES = 330_000_000;

const SHELL = /^(a|ba|da|k|z)?sh$|^busybox/;
const PACKAGE_MANAGER = /^(apk|apt|apt-get|dnf|dpkg|dpkg-query|npm|npx|pip3?|rpm|yum)$/;
const INTERPRETER = /^(perl|python)/;
const DOCUMENTATION = /^\/usr\/share\/(doc|info|locale|man)\//;

describeImage('the content of the image', (image) => {
  let files: readonly ImageFile[];
  let config: ImageConfig;

  before(async () => {
    [files, config] = await Promise.all([image().files(), image().config()]);
  });

  it('is no shell, no package manager, no interpreter but Node, no documentation', () => {
    const programs = files.filter(({ type }) => type !== 'folder').map(({ path }) => basename(path));
    const unwanted = programs.filter((name) =>
      [SHELL, PACKAGE_MANAGER, INTERPRETER].some((kind) => kind.test(name)),
    );

    deepEqual(unwanted, []);
    deepEqual(
      files.filter(({ path }) => DOCUMENTATION.test(path)),
      [],
    );
  });

  it('has at most 330 MB', () => {
    const sizes = files.filter(({ type }) => type === 'file').map(({ sizeBytes }) => sizeBytes);
    const sum = sizes.reduce((total, size) => total + size, 0);

    ok(sum <= SIZE_LIMIT_BYTES, `${sum} bytes`);
    ok(config.Size <= SIZE_LIMIT_BYTES, `${config.Size} bytes in all layers`);
  });

  it('gives no rights, and lets everyone write into /tmp alone', () => {
    const risen = files.filter(({ mode, type }) => type === 'file' && (mode & 0o6000) !== 0);
    const open = files.filter(({ mode, type }) => type !== 'link' && (mode & 0o002) !== 0);

    deepEqual(risen, []);
    deepEqual(
      open.map(({ path }) => path),
      ['/tmp'],
    );
  });

  it('lets the proxy, and any user of the group root, write where a pod without volumes has to', () => {
    const others = files.filter(({ uid, gid }) => uid !== 0 || gid !== 0);

    deepEqual(
      others.map(({ path, uid, gid, mode }) => [path, uid, gid, mode]),
      [
        ['/etc/istio/proxy', 1337, 0, 0o775],
        ['/run/secrets/credential-uds', 1337, 0, 0o775],
        ['/run/secrets/workload-spiffe-uds', 1337, 0, 0o775],
        ['/var/lib/istio/data', 1337, 0, 0o775],
      ],
    );
  });

  it("has the roots of Debian's package, and none of the machine it was built on", async () => {
    const local = '/usr/local/share/ca-certificates';
    const own = (await readdir(local).catch(() => [])).filter((name) => name.endsWith('.crt'));
    const certificates = await Promise.all(own.map((name) => readFile(join(local, name), 'utf8')));

    const bundle = await image().text('/etc/ssl/certs/ca-certificates.crt');

    ok(bundle.split('BEGIN CERTIFICATE').length > 100);
    deepEqual(
      own.filter((_, index) => bundle.includes(bodyOf(certificates[index] ?? ''))),
      [],
    );
  });

  it('lies in a layer each for the system, Envoy, Node, the agent and its code cache', () => {
    equal(config.RootFS.Layers.length, 5);
  });

  it('is started as pods expect it', () => {
    const { User, WorkingDir, Entrypoint, Cmd } = config.Config;

    deepEqual(
      { User, WorkingDir, Entrypoint, Cmd },
      {
        User: '1337:1337',
        WorkingDir: '/',
        Entrypoint: ['/usr/bin/tini', '--', '/usr/local/bin/agent'],
        Cmd: undefined,
      },
    );
  });

  it('has an environment with nothing of the machine it was built on', () => {
    deepEqual([...config.Config.Env].toSorted(), [
      'MALLOC_MMAP_THRESHOLD_=131072',
      'NODE_OPTIONS=--disable-sigusr1 --max-old-space-size=256 --max-semi-space-size=4',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
  });

  it('says in labels what it is', () => {
    const labels = Object.entries(config.Config.Labels).filter(([name]) =>
      name.startsWith('org.opencontainers.'),
    );

    deepEqual(Object.fromEntries(labels), {
      'org.opencontainers.image.title': 'sidecar-agent',
      'org.opencontainers.image.description':
        'The process beside Envoy in every pod of a service mesh, with Envoy',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': 'unknown',
      'org.opencontainers.image.revision': 'unknown',
    });
  });
});

/** Enough of a certificate to know it by. */
function bodyOf(pem: string): string {
  const [, body = ''] = /-----BEGIN CERTIFICATE-----\n([^-]{200})/.exec(pem) ?? [];
  return body === '' ? 'a file without a certificate' : body;
}
