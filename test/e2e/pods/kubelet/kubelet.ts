// Runs pods with podman as a real kubelet would: the entry of this folder.

import { mkdir, mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../../../../src/runtime/clock.ts';
import type { Podman } from '../podman/podman.ts';
import { withServiceAccount } from './admission.ts';
import { type ImageInfo, imageInfo } from './containers/image-info.ts';
import { PodContainers } from './containers/pod-containers.ts';
import type { Cluster, RunningPod, RunOptions } from './contract.ts';
import { removeLeftovers } from './leftovers.ts';
import { EventLog } from './life/event-log.ts';
import { writeNameFiles } from './network/name-files.ts';
import { ownPrefix } from './network/names.ts';
import { API_SERVER_ADDRESS, NODE_ADDRESS, NodeNetwork, type PodNetwork } from './network/node-network.ts';
import { NodeProcess } from './network/node-process.ts';
import { Pod } from './pod.ts';
import type { PodSpec } from './pod-spec.ts';
import { makeFolder, removeFolder } from './volumes/folders.ts';
import { Volumes } from './volumes/volumes.ts';

export type * from './contract.ts';
export type { ContainerSpec, PodSpec } from './pod-spec.ts';
export { readPods } from './read/workload.ts';

const NODE_NAME = 'node-1';
const SHARED_MEMORY_BYTES = 64 * 1024 * 1024;

interface KubeletParts {
  readonly podman: Podman;
  readonly cluster: Cluster;
  readonly network: NodeNetwork;
  readonly node: NodeProcess;
  /** Of all names that the kubelet gives on this machine. */
  readonly prefix: string;
  readonly folder: string;
  readonly opened: AsyncDisposableStack;
}

export class Kubelet implements AsyncDisposable {
  /** Path of the node's network namespace. */
  readonly nodeNamespace: string;
  /** Address of the node on the pods' network. */
  readonly nodeAddress = NODE_ADDRESS;
  readonly #parts: KubeletParts;
  readonly #images = new Map<string, Promise<ImageInfo>>();
  readonly #pods = new Set<Pod>();

  private constructor(parts: KubeletParts) {
    this.#parts = parts;
    this.nodeNamespace = parts.network.namespace;
  }

  /** Removes what killed runs left behind, and makes the node. */
  static async start(podman: Podman, cluster: Cluster): Promise<Kubelet> {
    await removeLeftovers(podman);
    const prefix = await ownPrefix();
    await using opened = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), `${prefix}-`));
    opened.defer(() => removeFolder(folder));
    const network = opened.use(await NodeNetwork.create(prefix));
    const node = opened.use(await NodeProcess.start(network.namespace, cluster.resolve));
    return new Kubelet({ podman, cluster, network, node, prefix, folder, opened: opened.move() });
  }

  /**
   * Resolves when the pod's first container is about to start.
   *
   * @throws Error for a config map, secret or key that the pod needs and the cluster does not have
   */
  async run(spec: PodSpec, options: RunOptions = {}): Promise<RunningPod> {
    const { network, prefix } = this.#parts;
    await using undo = new AsyncDisposableStack();
    const own = await network.addPod(prefix, spec.securityContext.sysctls);
    undo.defer(() => network.removePod(own));
    const pod = await this.#prepare(withServiceAccount(spec), own, options, undo);
    this.#pods.add(pod);
    return pod;
  }

  /** Deletes every pod, then the node. */
  async [Symbol.asyncDispose](): Promise<void> {
    const deletions = Array.from(this.#pods, (pod) => pod.delete());
    await Promise.allSettled(deletions);
    await this.#parts.opened.disposeAsync(); // also when a pod could not be deleted
    await Promise.all(deletions);
  }

  /** @param undo what takes the pod's parts away again; the pod owns it afterwards */
  async #prepare(
    spec: PodSpec,
    network: PodNetwork,
    options: RunOptions,
    undo: AsyncDisposableStack,
  ): Promise<Pod> {
    const { podman, cluster, node, prefix } = this.#parts;
    const { ip, namespace: networkNamespace } = network;
    const identity = { name: spec.name, namespace: spec.namespace, ip, networkNamespace };
    const clock = systemClock();
    const events = new EventLog(clock);
    await options.beforeStart?.(identity);
    const folder = await this.#makePodFolder(spec, ip, undo);
    const placement = { podIp: ip, hostIp: NODE_ADDRESS, nodeName: NODE_NAME, allocatable: allocatable() };
    const context = { pod: spec, placement, cluster };
    const volumes = await Volumes.create(join(folder, 'volumes'), context);
    await options.beforeContainers?.(identity);
    const containers = new PodContainers({
      podman,
      prefix: `${prefix}-${ip}`,
      folder,
      networkNamespace,
      volumes,
      context,
      apiServerAddress: API_SERVER_ADDRESS,
      image: (container) => this.#image(cluster.image(container.image, spec, container)),
    });
    const owned = undo.move();
    const remove = (): Promise<void> => owned.disposeAsync();
    return new Pod({ spec, network, volumes, containers, node, events, clock, remove });
  }

  async #makePodFolder(spec: PodSpec, ip: string, undo: AsyncDisposableStack): Promise<string> {
    const folder = join(this.#parts.folder, ip);
    await mkdir(folder);
    undo.defer(() => removeFolder(folder));
    await makeFolder(join(folder, 'shm'), {
      inMemory: true,
      sizeBytes: SHARED_MEMORY_BYTES,
      group: undefined,
    });
    await writeNameFiles(folder, { name: spec.name, namespace: spec.namespace, ip });
    return folder;
  }

  #image(name: string): Promise<ImageInfo> {
    const known = this.#images.get(name) ?? imageInfo(this.#parts.podman, name);
    this.#images.set(name, known);
    return known;
  }
}

function allocatable(): Readonly<Record<string, string>> {
  return { cpu: String(availableParallelism()), memory: String(totalmem()) };
}
