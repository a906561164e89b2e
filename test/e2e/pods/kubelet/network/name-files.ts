// The files by which a pod knows names: its own, those in its network, and where to ask for others.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DNS_ADDRESS } from './node-network.ts';

const LONGEST_HOSTNAME = 63;

export const NAME_FILES = ['hostname', 'hosts', 'resolv.conf'];

/** The name of a pod as its host. */
export function hostnameOf(pod: { readonly name: string }): string {
  return pod.name.slice(0, LONGEST_HOSTNAME).replace(/[-.]+$/, '');
}

/** Writes `hostname`, `hosts` and `resolv.conf` as Kubernetes does for the policy ClusterFirst. */
export async function writeNameFiles(
  folder: string,
  pod: { readonly name: string; readonly namespace: string; readonly ip: string },
): Promise<void> {
  const hostname = hostnameOf(pod);
  await writeFile(join(folder, 'hostname'), `${hostname}\n`);
  await writeFile(join(folder, 'hosts'), `${HOSTS}${pod.ip}\t${hostname}\n`);
  await writeFile(
    join(folder, 'resolv.conf'),
    `search ${pod.namespace}.svc.cluster.local svc.cluster.local cluster.local\n` +
      `nameserver ${DNS_ADDRESS}\noptions ndots:5\n`,
  );
}

const HOSTS = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;
