// What the kubelet asks of its surroundings, and what a pod that runs shows: the types other tests build on.

import type { ContainerSpec, PodSpec } from './pod-spec.ts';

/** The cluster around the node, as far as a kubelet sees it. */
export interface Cluster {
  /** The image in the storage for the name in the YAML. */
  readonly image: (name: string, pod: PodSpec, container: ContainerSpec) => string;
  /** Undefined: there is none of that name. */
  readonly configMap: (namespace: string, name: string) => ReadonlyMap<string, string> | undefined;
  readonly secret: (namespace: string, name: string) => ReadonlyMap<string, string> | undefined;
  readonly token: (request: TokenRequest) => Promise<string>;
  /** Addresses of a name without final dot; undefined: no such name. */
  readonly resolve: (name: string) => readonly string[] | undefined;
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Empty: the API server's own. */
  readonly audience: string;
  readonly expirationSeconds: number;
}

/** Who a pod is, known before its containers run. */
export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly ip: string;
  /** Path of the pod's network namespace. */
  readonly networkNamespace: string;
}

export interface RunOptions {
  /** Awaited when the address is known, before anything of the pod exists but its network. */
  readonly beforeStart?: (pod: PodIdentity) => Promise<void>;
  /** Awaited when network and volumes are there: where a CNI plugin acts. */
  readonly beforeContainers?: (pod: PodIdentity) => Promise<void>;
}

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface ContainerStatus {
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'terminated';
  /** Of the last end; undefined before the first. */
  readonly exitCode: number | undefined;
  /** Why it waits or ended, in Kubernetes' words: `CrashLoopBackOff`, `Completed`, `Error`… */
  readonly reason: string;
  readonly restarts: number;
  readonly ready: boolean;
  /** The startup probe has passed, if there is one. */
  readonly started: boolean;
}

export type EventKind =
  | 'started' // a container's process runs
  | 'start-failed'
  | 'ended' // detail: exit code
  | 'back-off'
  | 'hook' // a hook begins; detail: which
  | 'hook-done'
  | 'hook-failed'
  | 'probe' // a probe's result changed; detail: kind and result
  | 'unhealthy' // a probe failed; detail: kind and why
  | 'signal' // sent to a container; detail: its name
  | 'phase';

export interface PodEvent {
  /** Milliseconds since the pod was handed to the kubelet. */
  readonly atMs: number;
  readonly kind: EventKind;
  /** Empty for events of the pod. */
  readonly container: string;
  readonly detail: string;
}

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** How a pod ended, whoever asked for it. */
export interface Termination {
  readonly tookMs: number;
  /** Of the containers that were running when it began. */
  readonly exitCodes: ReadonlyMap<string, number>;
  /** Containers that did not end within their grace period. */
  readonly killed: readonly string[];
  /** Containers whose preStop hook ran. */
  readonly hooks: readonly string[];
}

export interface RunningPod extends PodIdentity {
  readonly spec: PodSpec;
  readonly phase: Phase;
  readonly isReady: boolean;
  readonly containers: ReadonlyMap<string, ContainerStatus>;
  /** In order. */
  readonly events: readonly PodEvent[];
  /** @throws Error with states, events and logs when the pod ends or the time is over before it is ready */
  readonly untilReady: (timeoutMs: number) => Promise<void>;
  readonly untilEnded: (timeoutMs: number) => Promise<'Succeeded' | 'Failed'>;
  /** Waits until `condition` holds; it is asked again after every event. */
  readonly until: (condition: (pod: RunningPod) => boolean, timeoutMs: number) => Promise<void>;
  /** What the container wrote, all its runs one after the other. */
  readonly log: (container: string) => Promise<string>;
  readonly exec: (container: string, command: readonly string[]) => Promise<Finished>;
  /** On this machine, of the container's first process. @throws Error when the container does not run */
  readonly containerPid: (container: string) => number;
  /** Asks the cluster again for config maps, secrets and tokens, and renews the files of volumes that changed. */
  readonly refreshVolumes: () => Promise<void>;
  /** Ends the pod by Kubernetes' rules and removes it. A second call gets the first one's answer. */
  readonly delete: () => Promise<Termination>;
}
