// Places inside one volume where containers mount another: the kubelet makes them, because the volume itself may be
// read-only by then.

import { posix } from 'node:path';

import type { ContainerSpec, PodSpec } from '../pod-spec.ts';

/**
 * Relative paths of folders that the volume must have.
 *
 * @see Kubernetes' pkg/volume/util/nested_volumes.go
 */
export function nestedMountpoints(volume: string, pod: PodSpec): readonly string[] {
  const containers = [...pod.initContainers, ...pod.containers];
  return [...new Set(containers.flatMap((container) => nestedIn(volume, container)))].toSorted();
}

function nestedIn(volume: string, { volumeMounts }: ContainerSpec): string[] {
  const outer = volumeMounts.filter(({ name }) => name === volume);
  return outer.flatMap(({ mountPath }) => {
    const paths = volumeMounts.map((mount) => posix.relative(mountPath, mount.mountPath));
    const inner = paths.filter((path) => path !== '' && path !== '..' && !path.startsWith('../'));
    return inner.filter((path) => !inner.some((other) => other !== path && path.startsWith(`${other}/`)));
  });
}
