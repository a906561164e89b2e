// The machine an injected pod runs on: a network namespace beside the pod's, joined by a cable, with the control plane
// as a process under the name and at the port that pods know. It looks at the pod from outside. Needs root.

import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { stringify } from 'yaml';

import { issueToken } from '../../../src/discovery/token.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { NetworkNamespace } from '../../iptables/network-namespace.ts';
import { inboundListener } from './inbound-listener.ts';
import { InsideProgram } from './inside.ts';
import { staticCluster } from './mesh-resources.ts';

export const POD_IP = '10.77.0.2';
export const HOST_IP = '10.77.0.1';
const DISCOVERY_NAME = 'istiod.istio-system.svc';
const DISCOVERY_PORT = '15012';
const PACKAGE = resolve(import.meta.dirname, '../../..');

/** Where pod and host find them, whoever the user is and wherever the checkout. */
export const ENVOY = '/mnt/envoy';
const NODE = '/mnt/node';
export const AGENT: readonly string[] = [NODE, '/mnt/package/src/cli/agent.ts'];

/** What a container has of its own: `/dev/shm`, names, programs. Arguments: node, Envoy, package, hosts file. */
const MOUNTS = `
mount -t tmpfs -o mode=1777 pod /dev/shm
mount -t tmpfs -o mode=755 pod /mnt
mkdir /mnt/package
touch /mnt/node /mnt/envoy
mount --bind "$1" /mnt/node
mount --bind "$2" /mnt/envoy
mount --bind "$3" /mnt/package
mount --bind "$4" /etc/hosts
`;

/** Arguments: URL. Prints the status of the answer. */
const STATUS = 'fetch(process.argv[1]).then((answer) => console.log(answer.status))';

/** Arguments: host, port, root certificate. Prints the names in the certificate that the server shows. */
const WHO = `
const [, host, port, root] = process.argv;
const ca = require('node:fs').readFileSync(root);
const socket = require('node:tls').connect({ host, port, ca, checkServerIdentity: () => undefined }, () => {
  console.log(socket.getPeerCertificate().subjectaltname);
  socket.end();
});`;

export class PodHost implements AsyncDisposable {
  readonly pod: NetworkNamespace;
  /** Path of the certificate that clients of the control plane must trust. */
  readonly rootCertificate: string;
  readonly #host: NetworkNamespace;
  readonly #stateDirectory: string;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    pod: NetworkNamespace,
    host: NetworkNamespace,
    stateDirectory: string,
    opened: AsyncDisposableStack,
  ) {
    this.pod = pod;
    this.rootCertificate = join(stateDirectory, 'root-cert.pem');
    this.#host = host;
    this.#stateDirectory = stateDirectory;
    this.#opened = opened;
  }

  /** @param folder empty, and readable by every user */
  static async start(folder: string, envoy: string): Promise<PodHost> {
    await using opened = new AsyncDisposableStack();
    const pod = opened.use(await NetworkNamespace.create());
    const host = opened.use(await NetworkNamespace.create());
    await connect(pod, host);
    const hosts = join(folder, 'hosts');
    await writeFile(hosts, `127.0.0.1 localhost\n${HOST_IP} ${DISCOVERY_NAME}\n`);
    for (const place of [pod, host]) await mountPrograms(place, envoy, hosts);
    const discovery = opened.use(await startControlPlane(host, folder));
    await discovery.until(() => discovery.output.includes('discovery and CA listen on'));
    return new PodHost(pod, host, join(folder, 'state'), opened.move());
  }

  /** What a kubelet would project for the workload. */
  token(namespace: string, serviceAccount: string): Promise<string> {
    const request = { stateDirectory: this.#stateDirectory, namespace, serviceAccount, ttlMs: 3_600_000 };
    return issueToken(request, systemClock());
  }

  /** The status a page of the pod answers the host with; NaN when there is no answer. */
  async status(port: number, path: string): Promise<number> {
    const url = `http://${POD_IP}:${port}${path}`;
    return Number.parseInt((await this.#host.run(NODE, ['-e', STATUS, url])).stdout, 10);
  }

  /** Who answers with TLS at a port of the pod: the names in its certificate, verified with the mesh's root. */
  async identityAt(port: number): Promise<string> {
    const args = ['-e', WHO, POD_IP, String(port), this.rootCertificate];
    const { stdout, stderr } = await this.#host.run(NODE, args);
    return stdout.trim() || stderr;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

async function connect(pod: NetworkNamespace, host: NetworkNamespace): Promise<void> {
  await pod.shell(`ip link add eth0 type veth peer name eth0 netns ${host.pid}`);
  const up = (address: string): string =>
    `ip link set lo up; ip addr add ${address}/24 dev eth0; ip link set eth0 up`;
  await Promise.all([pod.shell(up(POD_IP)), host.shell(up(HOST_IP))]);
  await pod.shell(`ip route add default via ${HOST_IP}`);
}

async function mountPrograms(place: NetworkNamespace, envoy: string, hosts: string): Promise<void> {
  const mounted = [process.execPath, resolve(envoy), PACKAGE, hosts];
  const { code, stderr } = await place.run('sh', ['-ec', MOUNTS, 'sh', ...mounted]);
  if (code !== 0) throw new Error(`mounting failed: ${stderr}`);
}

async function startControlPlane(host: NetworkNamespace, folder: string): Promise<InsideProgram> {
  await mkdir(join(folder, 'config'), { recursive: true });
  const resources = [inboundListener(15_006), staticCluster('app', 8080)];
  await writeFile(join(folder, 'config/mesh.yaml'), stringify({ resources }));
  const directories = ['--config-dir', join(folder, 'config'), '--state-dir', join(folder, 'state')];
  const words = [...AGENT, 'discovery', '--address', HOST_IP, '--port', DISCOVERY_PORT, ...directories];
  return new InsideProgram(host, words, {});
}
