// A mesh for the pods of the tests: a node with its kubelet, a control plane, and the Envoy resources of the pods that
// run, which follow each change.

import type { RunningPod, RunOptions, Termination } from '../kubelet/contract.ts';
import { Kubelet } from '../kubelet/kubelet.ts';
import type { PodSpec } from '../kubelet/pod-spec.ts';
import type { Podman } from '../podman/podman.ts';
import { ControlPlane } from './control-plane.ts';
import { Images } from './images.ts';
import { type Member, memberOf, type Place } from './member.ts';
import { Registry, type PodName } from './registry.ts';
import { Trust } from './trust.ts';

export interface MeshRunOptions extends Pick<RunOptions, 'beforeContainers'> {
  /** Default: `permissive`. */
  readonly peers?: Member['peers'];
}

export class Mesh implements AsyncDisposable {
  readonly kubelet: Kubelet;
  readonly controlPlane: ControlPlane;
  readonly #images: Images;
  readonly #registry: Registry;
  #pushed: Promise<void> = Promise.resolve();

  private constructor(kubelet: Kubelet, images: Images, registry: Registry) {
    this.kubelet = kubelet;
    this.controlPlane = new ControlPlane(kubelet, (address) => (registry.discoveryAddress = address));
    this.#images = images;
    this.#registry = registry;
  }

  /** Builds the images that are not up to date, and starts a node with the control plane on it. */
  static async start(podman: Podman): Promise<Mesh> {
    const images = await Images.open(podman);
    const registry = new Registry(images, await Trust.make());
    await using opened = new AsyncDisposableStack();
    const kubelet = opened.use(await Kubelet.start(podman, registry));
    const mesh = new Mesh(kubelet, images, registry);
    await mesh.controlPlane.start();
    opened.move();
    return mesh;
  }

  /** Runs a pod as a member of the mesh: its resources and those of its callers are there before it starts. */
  async run(spec: PodSpec, { peers, ...options }: MeshRunOptions = {}): Promise<RunningPod> {
    await this.#images.prepare(spec);
    const beforeStart = async (place: Place): Promise<void> => {
      this.#registry.set(memberOf(spec, place, peers));
      await this.#push();
    };
    try {
      return await this.kubelet.run(spec, { ...options, beforeStart });
    } catch (error) {
      await this.#remove(spec);
      throw error;
    }
  }

  /** As Kubernetes does: the pod leaves its service when its end begins, and keeps its own configuration meanwhile. */
  async delete(pod: RunningPod): Promise<Termination> {
    const [termination] = await Promise.all([pod.delete(), this.update(pod, { isLeaving: true })]);
    await this.#remove(pod);
    return termination;
  }

  /** Changes what the mesh knows of a pod, and so what its proxy and its callers are told. */
  update(pod: PodName, change: Partial<Pick<Member, 'peers' | 'isLeaving'>>): Promise<void> {
    const member = this.#registry.get(pod);
    if (member === undefined) throw new Error(`${pod.name} is no member of the mesh`);
    this.#registry.set({ ...member, ...change });
    return this.#push();
  }

  #remove(pod: PodName): Promise<void> {
    this.#registry.remove(pod);
    return this.#push();
  }

  /** Resolves when the control plane's files are as the mesh is now; at once when it is stopped. */
  #push(): Promise<void> {
    const next = this.#pushed.then(() => this.controlPlane.refresh());
    this.#pushed = next.catch(() => undefined); // whoever asked for it gets the error
    return next;
  }

  /** Ends every pod, and the node. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.kubelet[Symbol.asyncDispose]();
  }
}
