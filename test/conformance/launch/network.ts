// The network of one start: interfaces with addresses, nothing reachable, and a view of its own of the files that
// name resolution reads.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { NetworkNamespace } from '../../iptables/network-namespace.ts';
import type { AgentStart } from './launch-case.ts';

const ETH0 = { eth0: ['10.77.0.2/24'] };
/** Refuses at once: a lookup that waits keeps an ending process alive, and the cases slow. */
const NOBODY = 'nameserver 127.0.0.9\n';
const HOSTS = [
  '127.0.0.1 localhost',
  '::1 localhost',
  '10.77.0.9 statsd.test',
  'fd77::9 statsd6.test',
  'fd77::9 both.test',
  '10.77.0.9 both.test',
];

/** @param scratch an empty directory that lives as long as the namespace */
export async function setUpNetwork(
  namespace: NetworkNamespace,
  { interfaces = ETH0, resolvConf = NOBODY }: AgentStart,
  scratch: string,
): Promise<void> {
  const views = { 'resolv.conf': resolvConf, hosts: `${HOSTS.join('\n')}\n` };
  for (const [name, content] of Object.entries(views)) await writeFile(join(scratch, name), content);
  const lines = [
    'sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0',
    'ip link set lo up',
    ...Object.entries(interfaces).flatMap(([name, addresses], index) =>
      link(name, `peer${index}`, addresses),
    ),
    ...Object.keys(views).map((name) => `mount --bind ${join(scratch, name)} /etc/${name}`),
  ];
  await namespace.shell(lines.join('\n'));
}

function link(name: string, peer: string, addresses: readonly string[]): readonly string[] {
  return [
    `ip link add ${name} type veth peer name ${peer}`,
    `ip link set ${name} up`,
    `ip link set ${peer} up`,
    ...addresses.map((address) => `ip addr add ${address} dev ${name}`),
  ];
}
