// Who a container runs as, and with which rights, by its security context and its pod's.

import type { ContainerSpec, PodSpec } from '../pod-spec.ts';

/** What containerd leaves to a container that asks for nothing. */
const DEFAULT_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/**
 * User and group for podman, such as `1337:1337`.
 *
 * @param imageUser as the image says; empty: root
 * @throws Error when the container must not be root's but is, or may be
 */
export function userOf(container: ContainerSpec, pod: PodSpec, imageUser: string): string {
  const own = container.securityContext;
  const uid = own.runAsUser ?? pod.securityContext.runAsUser;
  const gid = own.runAsGroup ?? pod.securityContext.runAsGroup;
  const [imageUid = '', imageGid] = imageUser.split(':');
  const user = String(uid ?? (imageUid === '' ? '0' : imageUid));
  if (own.runAsNonRoot ?? pod.securityContext.runAsNonRoot) assertNotRoot(container, user);
  const group = gid ?? (uid === undefined ? imageGid : undefined);
  return group === undefined ? user : `${user}:${group}`;
}

function assertNotRoot({ name, image }: ContainerSpec, user: string): void {
  if (!/^\d+$/.test(user))
    throw new Error(`${name}: runAsNonRoot, and the image ${image} names its user: ${user}`);
  if (Number(user) === 0) throw new Error(`${name}: runAsNonRoot, and it would run as root`);
}

/**
 * Podman's arguments for the capabilities.
 *
 * Podman gives another user than root every capability that is named, and Kubernetes none: there they only bound what
 * programs with capabilities of their own may get. So for such a user capabilities are taken away and never added.
 */
export function capabilityArguments({ securityContext }: ContainerSpec, user: string): readonly string[] {
  const add = securityContext.capabilities.add.map(plain);
  const drop = securityContext.capabilities.drop.map(plain);
  if (!isRoot(user)) return drop.map((name) => `--cap-drop=${name}`);
  const kept = drop.includes('ALL') ? [] : DEFAULT_CAPABILITIES.filter((name) => !drop.includes(name));
  return ['--cap-drop=ALL', ...[...kept, ...add].map((name) => `--cap-add=${name}`)];
}

function isRoot(user: string): boolean {
  return ['0', 'root'].includes(user.split(':')[0] ?? '');
}

function plain(capability: string): string {
  return capability.toUpperCase().replace(/^CAP_/, '');
}
