// Three network namespaces joined by a bridge, with names of this run alone. Nothing of the machine's own network is
// touched: the bridge lives in the control plane's namespace, and all of it goes with the namespaces.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { errnoOf } from '../../src/runtime/errors.ts';
import type { Command } from '../../src/runtime/spawn.ts';
import { run } from './machine.ts';
import { makeDirectory, PREFIX, removeNamespace } from './remains.ts';
import { HOST_NAMES, POD_PORTS, type HostName, type Layout, type Run } from './topology.ts';

/** The uid and gid of the proxy container: the capture rules let it through. */
const PROXY_UID = 1337;
const PACKAGE = resolve(import.meta.dirname, '../..');
/** The name under which pods know the control plane, and its port. */
const DISCOVERY_NAME = 'istiod.istio-system.svc';
const DISCOVERY_PORT = 15012;

const ADDRESSES: Readonly<Record<HostName, string>> = {
  control: '10.77.0.1',
  client: '10.77.0.2',
  server: '10.77.0.3',
};

/**
 * Gives a program a mount namespace as a container has one: its own /dev/shm, the control plane's name in /etc/hosts,
 * and node, Envoy and this package at places that every user can reach, wherever the checkout is.
 * Arguments: folder of the run, node, Envoy, package, then the command.
 */
const ENTER = `
mount -t tmpfs -o mode=1777 demo /dev/shm
mount --bind "$1/hosts" /etc/hosts
mount --bind "$2" "$1/tools/node"
mount --bind "$3" "$1/tools/envoy"
mount --bind "$4" "$1/tools/package"
shift 4
exec "$@"
`;

/** The packages of the programs that root's demo runs, under their names in Debian. */
const TOOLS = { ip: 'iproute2', 'iptables-restore': 'iptables', mount: 'mount', setpriv: 'util-linux' };

/**
 * False where even root may not make them, as in a container without privileges.
 *
 * @throws Error naming the package when a tool is missing
 */
export async function namespacesAllowed(): Promise<boolean> {
  for (const [tool, name] of Object.entries(TOOLS)) {
    await run(tool, ['--version']).catch((error: unknown) => {
      if (errnoOf((error as Error).cause) !== 'ENOENT') return; // it is there; `ip` knows no --version
      throw new Error(`as root the demo needs ${tool}: apt-get install ${name}, or use --loopback`);
    });
  }
  return run('unshare', ['--net', '--mount', 'true']).then(
    () => true,
    () => false,
  );
}

/** Needs root. @throws Error with the words of `ip` when the kernel refuses */
export async function makeNamespaces(envoy: string): Promise<Layout> {
  const directory = await makeDirectory();
  const netns = (host: HostName): string => `${PREFIX}${process.pid}-${host}`;
  const remove = async (): Promise<void> => {
    for (const host of HOST_NAMES) await removeNamespace(netns(host));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await prepareTools(directory);
    await connect(netns);
  } catch (error) {
    await remove();
    throw error;
  }
  const host = (name: HostName) => ({ name, address: ADDRESSES[name], ports: POD_PORTS });
  return {
    captured: true,
    directory,
    hosts: { control: host('control'), client: host('client'), server: host('server') },
    discoveryAddress: `${DISCOVERY_NAME}:${DISCOVERY_PORT}`,
    discoveryPort: DISCOVERY_PORT,
    paths: { envoy: join(directory, 'tools/envoy'), package: join(directory, 'tools/package') },
    command: (name, what) => enter(netns(name), directory, envoy, what),
    proxyUser: { uid: PROXY_UID, gid: PROXY_UID },
    prefix: (name) => `ip netns exec ${netns(name)} `,
    remove,
  };
}

function enter(netns: string, directory: string, envoy: string, what: Run): Command {
  const mounts = [directory, process.execPath, resolve(envoy), PACKAGE];
  const user = ['setpriv', `--reuid=${PROXY_UID}`, `--regid=${PROXY_UID}`, '--clear-groups'];
  const command = [...(what.asProxy === true ? user : []), join(directory, 'tools/node'), ...what.args];
  return {
    file: 'ip',
    args: ['netns', 'exec', netns, 'sh', '-ec', ENTER, 'sh', ...mounts, ...command],
    cwd: what.cwd,
    env: { PATH: process.env.PATH ?? '', ...what.env },
  };
}

async function prepareTools(directory: string): Promise<void> {
  await mkdir(join(directory, 'tools/package'), { recursive: true });
  await writeFile(join(directory, 'tools/node'), '');
  await writeFile(join(directory, 'tools/envoy'), '');
  await writeFile(join(directory, 'hosts'), `127.0.0.1 localhost\n${ADDRESSES.control} ${DISCOVERY_NAME}\n`);
}

async function connect(netns: (host: HostName) => string): Promise<void> {
  const ip = (host: HostName, ...args: string[]): Promise<string> => run('ip', ['-n', netns(host), ...args]);
  for (const host of HOST_NAMES) {
    await run('ip', ['netns', 'add', netns(host)]);
    await ip(host, 'link', 'set', 'lo', 'up');
  }
  await ip('control', 'link', 'add', 'mesh0', 'type', 'bridge');
  await ip('control', 'addr', 'add', `${ADDRESSES.control}/24`, 'dev', 'mesh0');
  await ip('control', 'link', 'set', 'mesh0', 'up');
  for (const host of ['client', 'server'] as const) {
    await ip('control', 'link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns(host));
    await ip('control', 'link', 'set', host, 'master', 'mesh0', 'up');
    await ip(host, 'addr', 'add', `${ADDRESSES[host]}/24`, 'dev', 'eth0');
    await ip(host, 'link', 'set', 'eth0', 'up');
    await ip(host, 'route', 'add', 'default', 'via', ADDRESSES.control); // as a pod has one; only the mesh answers
  }
}
