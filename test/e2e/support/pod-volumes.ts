// The volumes of a pod as folders: what a kubelet mounts, with the content and the owner it gives them. What is not
// a volume belongs to root, so the proxy's root file system is as good as read-only.

import { chmod, chown, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PodSpec } from './pod-spec.ts';

/** Where the agent serves certificates. Old layouts have no volume here; then the image must have the folder. */
const SOCKET_FOLDER = 'var/run/secrets/workload-spiffe-uds';

export interface MountedSecrets {
  readonly token: string;
  /** Path of the mesh's root certificate. */
  readonly rootCertificate: string;
}

export async function mountVolumes(root: string, spec: PodSpec, secrets: MountedSecrets): Promise<void> {
  const { volumes, user, group } = spec.proxy;
  await mkdir(join(root, SOCKET_FOLDER), { recursive: true });
  await chown(join(root, SOCKET_FOLDER), user, group);
  for (const { path, kind } of volumes) {
    const folder = join(root, path);
    await mkdir(folder, { recursive: true });
    if (kind === 'empty') await chown(folder, user, group);
    if (kind === 'root-certificate') await copyFile(secrets.rootCertificate, join(folder, 'root-cert.pem'));
    if (kind === 'pod-info') await writePodInfo(folder, spec);
    if (kind === 'token') {
      const file = join(folder, 'istio-token');
      await writeFile(file, secrets.token);
      await chown(file, user, group);
      await chmod(file, 0o400);
    }
  }
}

async function writePodInfo(folder: string, { labels, annotations }: PodSpec): Promise<void> {
  await writeFile(join(folder, 'labels'), downwardApi(labels));
  await writeFile(join(folder, 'annotations'), downwardApi(annotations));
}

/** One field per line, the value quoted. */
function downwardApi(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}\n`)
    .join('');
}
