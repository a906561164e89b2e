// The bill of materials of the image, as CycloneDX: what npm says of the packages in the bundle, and beside them Node,
// Envoy and the Debian packages whose files are in the image. The same contents give the same bytes.
// `node image/sbom.ts NPM_SBOM CONTENTS` writes it to standard output.

import { readFile } from 'node:fs/promises';

import type { DebianPackage, Distribution } from './debian-packages.ts';
import type { EnvoyContents } from './envoy-libraries.ts';

/** What root.ts put into the image. */
export interface RootContents {
  readonly distribution: Distribution;
  readonly packages: readonly DebianPackage[];
  readonly envoy: EnvoyContents;
  readonly nodeVersion: string;
}

export interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly cpe?: string;
  /** The files of the image that the component is. */
  readonly evidence?: { readonly occurrences: readonly { readonly location: string }[] };
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** As `npm sbom --sbom-format cyclonedx` writes it, as far as it is changed here. */
export interface Bom {
  readonly serialNumber?: string;
  readonly metadata: {
    readonly timestamp?: string;
    readonly component: Component;
  };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** @param npm what npm says of the agent and its packages */
export function imageSbom(npm: Bom, contents: RootContents, agentName: string): Bom {
  const { serialNumber: _serial, ...lasting } = npm;
  const { timestamp: _time, ...metadata } = npm.metadata;
  const beside = [
    operatingSystem(contents.distribution),
    envoyComponent(contents.envoy),
    nodeComponent(contents.nodeVersion),
    ...contents.packages.map((own) => debianComponent(own, contents.distribution)),
  ];
  const refs = beside.map((component) => ({ ref: component['bom-ref'], dependsOn: [] }));
  return {
    ...lasting,
    // npm takes the name of the folder it runs in
    metadata: { ...metadata, component: { ...metadata.component, type: 'application', name: agentName } },
    components: [...npm.components, ...beside].toSorted(byReference),
    dependencies: [...npm.dependencies, ...refs],
  };
}

function byReference(a: Component, b: Component): number {
  return a['bom-ref'] < b['bom-ref'] ? -1 : 1;
}

function operatingSystem({ id, versionId }: Distribution): Component {
  return { 'bom-ref': `${id}@${versionId}`, type: 'operating-system', name: id, version: versionId };
}

function envoyComponent({ version, from, libraries }: EnvoyContents): Component {
  return {
    ...generic('envoy', version),
    cpe: `cpe:2.3:a:envoyproxy:envoy:${version}:*:*:*:*:*:*:*`,
    ...found(['/usr/local/bin/envoy', ...libraries]),
    properties: [{ name: 'sidecar-agent:envoy-from', value: from }],
  };
}

function nodeComponent(version: string): Component {
  return {
    ...generic('node', version),
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    ...found(['/usr/local/bin/node']),
  };
}

function generic(name: string, version: string): Component {
  const purl = `pkg:generic/${name}@${encodeURIComponent(version)}`;
  return { 'bom-ref': purl, type: 'application', name, version, purl };
}

function debianComponent(
  { name, version, architecture, source, files }: DebianPackage,
  on: Distribution,
): Component {
  const place = `arch=${architecture}&distro=${on.id}-${on.versionId}`;
  const purl = `pkg:deb/${on.id}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${place}`;
  const origin = { name: 'sidecar-agent:debian-source', value: `${source.name} ${source.version}` };
  return { 'bom-ref': purl, type: 'library', name, version, purl, ...found(files), properties: [origin] };
}

function found(files: readonly string[]): Pick<Component, 'evidence'> {
  return { evidence: { occurrences: files.map((location) => ({ location })) } };
}

if (import.meta.main) {
  const [npm = '', contents = ''] = await Promise.all(
    process.argv.slice(2).map((path) => readFile(path, 'utf8')),
  );
  const { name } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly name: string };
  const bom = imageSbom(JSON.parse(npm) as Bom, JSON.parse(contents) as RootContents, name);
  console.log(JSON.stringify(bom, undefined, 2));
}
