// The network of a node: a namespace with a bridge, and beside it one namespace for each pod, joined by a cable. Nothing
// leads out of it, so its addresses are the same in every kubelet and none can collide.

import { join } from 'node:path';

import { runProgram } from '../program.ts';

const NAMESPACES = '/run/netns';
const BRIDGE = 'cni0';
const PREFIX_LENGTH = 16;

/** Addresses as clusters have them by default. */
export const NODE_ADDRESS = '10.244.0.1';
export const API_SERVER_ADDRESS = '10.96.0.1';
export const DNS_ADDRESS = '10.96.0.10';

/** Pods have the addresses from here on. */
const FIRST_POD = 10;
const LAST_POD = 255 * 256;

export interface PodNetwork {
  readonly ip: string;
  /** Path of the namespace. */
  readonly namespace: string;
}

export interface Sysctl {
  readonly name: string;
  readonly value: string;
}

export class NodeNetwork implements AsyncDisposable {
  /** Path of the node's namespace. */
  readonly namespace: string;
  readonly #name: string;
  readonly #made: string[];
  #pods = 0;

  private constructor(name: string) {
    this.#name = name;
    this.namespace = join(NAMESPACES, name);
    this.#made = [name];
  }

  /** @param prefix of the names of all namespaces */
  static async create(prefix: string): Promise<NodeNetwork> {
    const network = new NodeNetwork(`${prefix}-node`);
    await runProgram('ip', ['netns', 'add', network.#name]);
    await batch(network.#name, [
      'link set lo up',
      `link add ${BRIDGE} type bridge`,
      `address add ${NODE_ADDRESS}/${PREFIX_LENGTH} dev ${BRIDGE}`,
      `link set ${BRIDGE} up`,
      ...[API_SERVER_ADDRESS, DNS_ADDRESS].map((address) => `address add ${address}/32 dev lo`),
    ]);
    return network;
  }

  /** Makes the network of one more pod. Addresses are given out once. */
  async addPod(prefix: string, sysctls: readonly Sysctl[]): Promise<PodNetwork> {
    this.#pods += 1;
    const ip = podAddress(this.#pods);
    const [name, cable] = [`${prefix}-${this.#pods}`, `veth${this.#pods}`];
    await runProgram('ip', ['netns', 'add', name]);
    this.#made.push(name);
    await batch(this.#name, [
      `link add ${cable} type veth peer name eth0 netns ${name}`,
      `link set ${cable} master ${BRIDGE} up`,
    ]);
    await batch(name, [
      'link set lo up',
      `address add ${ip}/${PREFIX_LENGTH} dev eth0`,
      'link set eth0 up',
      `route add default via ${NODE_ADDRESS}`,
      // a machine without a cloud says at once that nobody is there; who asks for its cloud would wait for seconds
      'route add unreachable 169.254.0.0/16',
    ]);
    for (const sysctl of sysctls) await setSysctl(name, sysctl);
    return { ip, namespace: join(NAMESPACES, name) };
  }

  async removePod({ namespace }: PodNetwork): Promise<void> {
    const name = namespace.slice(NAMESPACES.length + 1);
    const at = this.#made.indexOf(name);
    if (at < 0) return;
    this.#made.splice(at, 1);
    await runProgram('ip', ['netns', 'delete', name]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#made.splice(0).toReversed()) await runProgram('ip', ['netns', 'delete', name]);
  }
}

function podAddress(pod: number): string {
  const host = FIRST_POD + pod - 1;
  if (host > LAST_POD) throw new Error('the node has no address left for a pod');
  return `10.244.${host >> 8}.${host & 0xff}`;
}

async function batch(namespace: string, commands: readonly string[]): Promise<void> {
  const script = commands.map((command) => `ip -n ${namespace} ${command}`).join('\n');
  await runProgram('sh', ['-ec', script]);
}

/** Only those of the network: the kernel keeps others elsewhere. */
async function setSysctl(namespace: string, { name, value }: Sysctl): Promise<void> {
  if (!/^net\.[\w./-]+$/.test(name)) throw new Error(`this kubelet cannot do the sysctl ${name}`);
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  const write = 'printf %s "$1" > "$2"';
  await runProgram('ip', ['netns', 'exec', namespace, 'sh', '-ec', write, 'sh', value, path]);
}
