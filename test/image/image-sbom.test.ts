// The image's bill of materials: that it leaves nothing out, and can be built again.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import type { Bom, Component } from '../../image/sbom.ts';
import { describeImage, type ImageFile } from './tested-image.ts';

const SBOM = '/usr/share/sbom/sidecar-agent.cdx.json';
const STATUS = '/var/lib/dpkg/status.d/';

/** Type, name and version; the version of a Debian package is followed by its architecture and release. */
const PACKAGE_URL =
  /^pkg:(npm\/[^@\s]+@|generic\/[a-z]+@|deb\/debian\/[^@\s]+@)[^@?\s]+(\?arch=\w+&distro=[\w.-]+)?$/;

const VERSIONS =
  'console.log(process.version, child_process.execFileSync("envoy", ["--version"], { encoding: "utf8" }))';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: boolean }>>;
}

describeImage('the bill of materials of the image', (image) => {
  let bom: Bom & { readonly bomFormat: string; readonly specVersion: string };
  let files: readonly ImageFile[];

  before(async () => {
    [bom, files] = await Promise.all([
      image()
        .text(SBOM)
        .then((text) => JSON.parse(text)),
      image().files(),
    ]);
  });

  const ofType = (type: string): readonly Component[] =>
    bom.components.filter(({ purl }) => purl?.startsWith(`pkg:${type}/`));

  it('is CycloneDX 1.5 of the agent, without anything that differs between two builds', () => {
    const { bomFormat, specVersion, serialNumber, metadata } = bom;

    deepEqual([bomFormat, specVersion, serialNumber], ['CycloneDX', '1.5', undefined]);
    deepEqual([metadata.component.name, metadata.timestamp], ['sidecar-agent', undefined]);
  });

  it('gives every component a name, a version, an address, and a reference of its own', () => {
    const { components } = bom;
    const references = components.map((component) => component['bom-ref']);
    const unaddressed = components.filter(
      ({ type, purl }) => type !== 'operating-system' && !PACKAGE_URL.test(purl ?? ''),
    );

    deepEqual(
      components.filter(({ name, version }) => !name || !version),
      [],
    );
    deepEqual(unaddressed, []);
    equal(new Set(references).size, references.length);
  });

  it('says of every program and library what it belongs to', () => {
    const places = bom.components.flatMap(({ evidence }) => evidence?.occurrences ?? []);
    const listed = new Set(places.map(({ location }) => location));

    const unlisted = files.filter(({ path, isElf }) => isElf && !listed.has(path));

    deepEqual(
      unlisted.map(({ path }) => path),
      [],
    );
  });

  it('lists every package of npm that is not for development alone', async () => {
    const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock;
    const locked = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    const expected = locked.map(
      ([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`,
    );

    const listed = ofType('npm').map(({ name, version }) => `${name}@${version}`);

    deepEqual(listed.toSorted(), [...new Set(expected)].toSorted());
  });

  it('lists Envoy and Node with the versions they tell', async () => {
    const told = await image().script(VERSIONS);

    const [envoy, node] = ofType('generic');

    deepEqual([envoy?.name, node?.name], ['envoy', 'node']);
    ok(told.startsWith(`v${node?.version} `));
    ok(told.includes(`/${envoy?.version}/`));
  });

  it('lists the packages of Debian that scanners find', () => {
    const found = files
      .filter(({ path }) => path.startsWith(STATUS))
      .map(({ path }) => path.slice(STATUS.length));

    deepEqual(
      found.toSorted(),
      ofType('deb')
        .map(({ name }) => name)
        .toSorted(),
    );
    ok(found.includes('libc6'));
  });
});
