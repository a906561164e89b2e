// Makes the root of the runtime image, without Envoy, Node and the agent: the programs the agent starts with all that
// they need, accounts, certificates, and the folders a pod mounts its volumes on. Runs in the build of the image:
// `node image/root.ts FOLDER PROGRAM…`, where the programs are those whose libraries are needed beside.

import { chmod, chown, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { Closure } from './closure.ts';

/** The user and group of the proxy: what the rules of traffic capture let pass. */
const PROXY_ID = 1337;

const IPTABLES = /^ip6?tables(-nft|-legacy)?(-save|-restore)?$/;

const PROGRAMS = ['/usr/bin/tini', '/usr/sbin/nft', '/usr/sbin/ip'];

/** What the programs read: the names of routing tables, protocols and services; and the roots TLS trusts. */
const DATA = ['/etc/iproute2', '/etc/protocols', '/etc/services', '/etc/ssl/certs/ca-certificates.crt'];

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

/** Volumes of a pod; the proxy may write where a pod without such a volume still has to. */
const VOLUMES = [
  '/etc/certs',
  '/etc/istio/config',
  '/etc/istio/custom-bootstrap',
  '/etc/istio/pod',
  '/etc/istio/proxy',
  '/var/lib/istio/data',
  '/var/lib/istio/envoy',
  '/run/secrets/credential-uds',
  '/run/secrets/istio',
  '/run/secrets/tokens',
  '/run/secrets/workload-spiffe-credentials',
  '/run/secrets/workload-spiffe-uds',
];
const WRITABLE = new Set([
  '/etc/istio/proxy',
  '/var/lib/istio/data',
  '/run/secrets/credential-uds',
  '/run/secrets/workload-spiffe-uds',
]);

async function makeRoot(root: string, linked: readonly string[]): Promise<void> {
  const closure = new Closure(root);
  for (const path of [...PROGRAMS, ...(await iptables()), ...DATA]) await closure.take(path);
  for (const program of linked) await closure.takeLibraries(program);
  await addFolders(root);
  await addAccounts(root);
}

/** All names of iptables on this system, and the extensions it loads by name. */
async function iptables(): Promise<readonly string[]> {
  const names = (await readdir('/usr/sbin')).filter((name) => IPTABLES.test(name));
  const libraries = (await readdir('/usr/lib')).filter((name) => name.endsWith('-linux-gnu'));
  const tools = names.map((name) => join('/usr/sbin', name));
  return [...tools, ...libraries.map((name) => join('/usr/lib', name, 'xtables'))];
}

async function addFolders(root: string): Promise<void> {
  for (const folder of ['/proc', '/sys', '/dev', ...VOLUMES])
    await mkdir(join(root, folder), { recursive: true });
  await mkdir(join(root, '/tmp'));
  await chmod(join(root, '/tmp'), 0o1777);
  await symlink('/run', join(root, 'var/run'));
  for (const folder of WRITABLE) await chown(join(root, folder), PROXY_ID, PROXY_ID);
}

async function addAccounts(root: string): Promise<void> {
  for (const [path, lines] of Object.entries(ACCOUNTS)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${lines.join('\n')}\n`);
  }
}

if (import.meta.main) {
  const [root, ...linked] = process.argv.slice(2);
  if (root === undefined) throw new Error('usage: node image/root.ts FOLDER PROGRAM…');
  await makeRoot(root, linked);
}
