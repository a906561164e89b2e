// Pods for tests of the kubelet, from the YAML of their specification.

import { stringify } from 'yaml';

import type { ContainerSpec, PodSpec } from '../pod-spec.ts';
import { readPods } from '../read/workload.ts';

export type Yaml = Readonly<Record<string, unknown>>;

export const APPLICATION: Yaml = { name: 'app', image: 'example.com/app:1' };

/** @param spec of the pod, with one container unless it says otherwise */
export function podOf(spec: Yaml = {}, metadata: Yaml = {}): PodSpec {
  const document = {
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { containers: [APPLICATION], ...spec },
  };
  const [pod] = readPods(stringify(document));
  if (pod === undefined) throw new Error('no pod');
  return pod;
}

/** A pod's only container. */
export function containerOf(container: Yaml, spec: Yaml = {}): { pod: PodSpec; container: ContainerSpec } {
  const pod = podOf({ ...spec, containers: [{ ...APPLICATION, ...container }] });
  const [only] = pod.containers;
  if (only === undefined) throw new Error('no container');
  return { pod, container: only };
}
