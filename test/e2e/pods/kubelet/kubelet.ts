// Runs pods with podman as a real kubelet would: the entry of this folder.

import type { Podman } from '../podman/podman.ts';
import type { Cluster, RunningPod, RunOptions } from './contract.ts';
import type { PodSpec } from './pod-spec.ts';

export type * from './contract.ts';
export type { ContainerSpec, PodSpec } from './pod-spec.ts';
export { readPods } from './read/workload.ts';

export class Kubelet implements AsyncDisposable {
  /** Path of the node's network namespace. */
  readonly nodeNamespace: string;
  /** Address of the node on the pods' network. */
  readonly nodeAddress: string;

  private constructor(nodeNamespace: string, nodeAddress: string) {
    this.nodeNamespace = nodeNamespace;
    this.nodeAddress = nodeAddress;
  }

  /** Removes what killed runs left behind, and makes the node. */
  static start(_podman: Podman, _cluster: Cluster, _signal?: AbortSignal): Promise<Kubelet> {
    return Promise.reject(new Error('not built'));
  }

  /** Resolves when the pod's first container is about to start. */
  run(_spec: PodSpec, _options: RunOptions = {}): Promise<RunningPod> {
    return Promise.reject(new Error('not built'));
  }

  /** Deletes every pod, then the node. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
