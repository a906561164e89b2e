// Which containers of a pod start again when they end.

import type { ContainerSpec, PodSpec, RestartPolicy } from '../pod-spec.ts';

/** A sidecar always runs; an init container that ended well never runs again. */
export function restartPolicy({ name, isSidecar }: ContainerSpec, pod: PodSpec): RestartPolicy {
  if (isSidecar) return 'Always';
  const isInit = pod.initContainers.some((each) => each.name === name);
  return isInit && pod.restartPolicy === 'Always' ? 'OnFailure' : pod.restartPolicy;
}
