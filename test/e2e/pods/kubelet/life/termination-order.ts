// Whom a container waits for when its pod ends: sidecars for all applications, and each for the sidecars after it.

import type { PodSpec } from '../pod-spec.ts';

/**
 * Names of the containers that must have ended before this one is asked to.
 *
 * @see Kubernetes' pkg/kubelet/kuberuntime/kuberuntime_termination_order.go
 */
export function endsAfter(name: string, pod: PodSpec): readonly string[] {
  const sidecars = pod.initContainers.filter(({ isSidecar }) => isSidecar).map((each) => each.name);
  const at = sidecars.indexOf(name);
  if (at < 0) return [];
  return [...pod.containers.map((each) => each.name), ...sidecars.slice(at + 1)];
}
