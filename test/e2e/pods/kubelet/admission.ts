// What the API server adds to every pod before a kubelet sees it: the credentials of its service account.

import type { ContainerSpec, PodSpec, VolumeSpec } from './pod-spec.ts';

const VOLUME = 'kube-api-access';
const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour, and the seconds by which kubelets know tokens they may renew early. */
const TOKEN_SECONDS = 3607;

/** The pod with a token for the API server in every container, unless it wants none. */
export function withServiceAccount(pod: PodSpec): PodSpec {
  if (!pod.automountServiceAccountToken) return pod;
  return {
    ...pod,
    volumes: [...pod.volumes, CREDENTIALS],
    initContainers: pod.initContainers.map(withCredentials),
    containers: pod.containers.map(withCredentials),
  };
}

/** Without the root of the API server, which nobody serves here. */
const CREDENTIALS: VolumeSpec = {
  name: VOLUME,
  kind: 'projected',
  sources: [
    { from: 'serviceAccountToken', audience: '', expirationSeconds: TOKEN_SECONDS, path: 'token' },
    { from: 'downwardAPI', items: [{ path: 'namespace', fieldPath: 'metadata.namespace' }] },
  ],
};

function withCredentials(container: ContainerSpec): ContainerSpec {
  if (container.volumeMounts.some(({ mountPath }) => mountPath === FOLDER)) return container;
  const mount = { name: VOLUME, mountPath: FOLDER, readOnly: true };
  return { ...container, volumeMounts: [...container.volumeMounts, mount] };
}
