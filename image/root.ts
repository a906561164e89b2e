// Makes the root of the runtime image, without Envoy, Node and the agent: the programs the agent starts with all that
// they need, the libraries of Envoy and Node, accounts, certificates, and the folders a pod mounts its volumes on.
// Runs in the build of the image: `node image/root.ts FOLDER CONTENTS ENVOY_FROM`, where
// CONTENTS becomes a file that tells what is in the folder.

import { chmod, chown, lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { Closure } from './closure.ts';
import { packagesOf, packageStatus, systemDistribution } from './debian-packages.ts';
import { addEnvoyLibraries } from './envoy-libraries.ts';
import { libraryFolder } from './libraries.ts';
import type { RootContents } from './sbom.ts';

/** The user and group of the proxy: what the rules of traffic capture let pass. */
const PROXY_ID = 1337;

/** Processes of an unknown user, as OpenShift starts them, are in this group. */
const ROOT_GROUP = 0;

/** The root of what ENVOY_FROM names. */
const ENVOY_SOURCE = '/envoy-source';

const IPTABLES = /^ip6?tables(-nft|-legacy)?(-save|-restore)?$/;

const PROGRAMS = ['/usr/bin/nsenter', '/usr/bin/setpriv', '/usr/bin/tini', '/usr/sbin/ip', '/usr/sbin/nft'];

/** What the programs read: the names of routing tables, protocols and services; and the roots TLS trusts. */
const DATA = [
  '/etc/iproute2',
  '/etc/os-release',
  '/etc/protocols',
  '/etc/services',
  '/etc/ssl/certs/ca-certificates.crt',
];

/** Who is who without a user database, and that names of hosts are asked of files, then of DNS. */
const ACCOUNTS = {
  '/etc/passwd': [
    'root:x:0:0:root:/:/sbin/nologin',
    `istio-proxy:x:${PROXY_ID}:${PROXY_ID}:istio-proxy:/:/sbin/nologin`,
    'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin',
  ],
  '/etc/group': ['root:x:0:', `istio-proxy:x:${PROXY_ID}:`, 'nogroup:x:65534:'],
  '/etc/nsswitch.conf': [
    'passwd: files',
    'group: files',
    'hosts: files dns',
    'protocols: files',
    'services: files',
  ],
};

/** Where volumes of a pod are mounted. */
const READ_FOLDERS = [
  '/etc/certs',
  '/etc/istio/config',
  '/etc/istio/custom-bootstrap',
  '/etc/istio/pod',
  '/var/lib/istio/envoy',
  '/run/secrets/istio',
  '/run/secrets/tokens',
  '/run/secrets/workload-spiffe-credentials',
];

/** The same, where the proxy may write if there is no volume. */
const WRITTEN_FOLDERS = [
  '/etc/istio/proxy',
  '/var/lib/istio/data',
  '/run/secrets/credential-uds',
  '/run/secrets/workload-spiffe-uds',
];

/** @param envoyFrom what ENVOY_FROM says */
async function makeRoot(root: string, envoyFrom: string): Promise<RootContents> {
  const closure = new Closure(root);
  for (const path of [...PROGRAMS, ...(await iptables()), ...DATA]) await closure.take(path);
  await closure.takeLibraries(process.execPath);
  const envoy = await addEnvoyLibraries(closure, ENVOY_SOURCE, envoyFrom, root);
  const packages = await packagesOf(await regularFiles(closure.paths));
  await addPackageStatus(
    root,
    packages.map(({ name }) => name),
  );
  await addAccounts(root);
  await addFolders(root);
  return { distribution: await systemDistribution(), packages, envoy, nodeVersion: process.versions.node };
}

/** iptables under all its names, and the extensions it loads by name. */
async function iptables(): Promise<readonly string[]> {
  const names = (await readdir('/usr/sbin')).filter((name) => IPTABLES.test(name));
  return [...names.map((name) => join('/usr/sbin', name)), join(await libraryFolder(), 'xtables')];
}

/** Links are left out: no package has those that an installation makes. */
async function regularFiles(paths: readonly string[]): Promise<readonly string[]> {
  const states = await Promise.all(paths.map((path) => lstat(path)));
  return paths.filter((_, index) => states[index]?.isFile());
}

/** Where scanners look for the packages of an image without a package manager. */
async function addPackageStatus(root: string, packages: readonly string[]): Promise<void> {
  const folder = join(root, 'var/lib/dpkg/status.d');
  await mkdir(folder, { recursive: true });
  for (const name of packages) await writeFile(join(folder, name), await packageStatus(name));
}

async function addAccounts(root: string): Promise<void> {
  for (const [path, lines] of Object.entries(ACCOUNTS)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${lines.join('\n')}\n`);
  }
}

async function addFolders(root: string): Promise<void> {
  for (const folder of ['/dev', '/proc', '/sys', '/tmp', ...READ_FOLDERS, ...WRITTEN_FOLDERS]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  await symlink('/run', join(root, 'var/run'));
  for (const folder of WRITTEN_FOLDERS) {
    await chown(join(root, folder), PROXY_ID, ROOT_GROUP);
    await chmod(join(root, folder), 0o775);
  }
}

if (import.meta.main) {
  const [root, contents, envoyFrom] = process.argv.slice(2);
  if (root === undefined || contents === undefined || envoyFrom === undefined) {
    throw new Error('usage: node image/root.ts FOLDER CONTENTS ENVOY_FROM');
  }
  await writeFile(contents, JSON.stringify(await makeRoot(root, envoyFrom), undefined, 2));
}
