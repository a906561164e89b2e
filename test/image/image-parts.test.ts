// What the build of the image makes out of words of other programs.

import { deepEqual, equal } from 'node:assert/strict';

import { withBuildDependencies } from '../../image/build-dependencies.ts';
import { distributionOf, readSearch } from '../../image/debian-packages.ts';
import { type Bom, imageSbom, type RootContents } from '../../image/sbom.ts';

const ROOT: RootContents = {
  distribution: { id: 'debian', versionId: '12' },
  packages: [
    {
      name: 'libstdc++6',
      version: '1:12.2.0-14+deb12u1',
      architecture: 'amd64',
      source: { name: 'gcc-12', version: '12.2.0-14+deb12u1' },
      files: ['/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30'],
    },
  ],
  envoy: { version: '1.40.0', from: 'wheel', libraries: [] },
  nodeVersion: '24.21.0',
};

const NPM: Bom = {
  serialNumber: 'urn:uuid:1',
  metadata: {
    timestamp: '2026-11-22T00:00:00.000Z',
    component: { 'bom-ref': 'agent@1.0.0', type: 'library', name: 'build', version: '1.0.0' },
  },
  components: [{ 'bom-ref': 'yaml@2.9.1', type: 'library', name: 'yaml', version: '2.9.1' }],
  dependencies: [{ ref: 'agent@1.0.0', dependsOn: ['yaml@2.9.1'] }],
};

describe('the packages that build the image', () => {
  it('are the bundler and Node, in the locked versions', () => {
    const devDependencies = { esbuild: '0.28.2', mocha: '12.0.3', node: '24.21.0' };

    const left = withBuildDependencies({ name: 'agent', devDependencies });

    deepEqual(left, { name: 'agent', devDependencies: { esbuild: '0.28.2', node: '24.21.0' } });
  });
});

describe('what dpkg says of files', () => {
  it('is read with and without an architecture', () => {
    const owners = readSearch('libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6\ntini: /usr/bin/tini\n');

    deepEqual(
      [...owners],
      [
        ['/lib/x86_64-linux-gnu/libc.so.6', 'libc6'],
        ['/usr/bin/tini', 'tini'],
      ],
    );
  });

  it('is passed over where a file was moved for another package', () => {
    equal(readSearch('diversion by dash from: /bin/sh\n').get('/bin/sh'), undefined);
  });
});

describe('the name of a distribution', () => {
  it('is that of os-release, quoted or not', () => {
    const text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n';

    deepEqual(distributionOf(text), { id: 'debian', versionId: '12' });
  });
});

describe('a bill of materials', () => {
  it('has what npm lists, Envoy, Node and packages of Debian, in an order of its own', () => {
    const bom = imageSbom(NPM, ROOT, 'sidecar-agent');

    deepEqual(
      bom.components.map((component) => component['bom-ref']),
      [
        'debian@12',
        'pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12',
        'pkg:generic/envoy@1.40.0',
        'pkg:generic/node@24.21.0',
        'yaml@2.9.1',
      ],
    );
    deepEqual(bom.components[1]?.evidence?.occurrences, [
      { location: '/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30' },
    ]);
  });

  it('is the same for the same contents: of the agent by its name, without chance and time', () => {
    const another = { ...NPM, serialNumber: 'urn:uuid:2', metadata: { ...NPM.metadata, timestamp: '2027' } };

    const bom = imageSbom(NPM, ROOT, 'sidecar-agent');

    deepEqual(imageSbom(another, ROOT, 'sidecar-agent'), bom);
    equal(bom.metadata.component.name, 'sidecar-agent');
  });
});
