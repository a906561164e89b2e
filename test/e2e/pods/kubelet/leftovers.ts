// Removes what kubelets left behind that were killed: containers, network namespaces, folders with their mounts.

import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withFileLock } from '../podman/file-lock.ts';
import { type Podman, PODS_CACHE } from '../podman/podman.ts';
import { isLeftover } from './network/names.ts';
import { runProgram } from './program.ts';
import { removeFolder } from './volumes/folders.ts';

/** Kubelets that start at the same time remove them one after the other. */
export async function removeLeftovers(podman: Podman): Promise<void> {
  await withFileLock(join(PODS_CACHE, 'leftovers.lock'), async () => {
    await removeContainers(podman);
    for (const name of await leftoversOf(await namespaces()))
      await runProgram('ip', ['netns', 'delete', name]);
    for (const name of await leftoversOf(await readdir(tmpdir()))) await removeFolder(join(tmpdir(), name));
  });
}

async function removeContainers(podman: Podman): Promise<void> {
  const { stdout } = await podman.run(['ps', '--all', '--format={{.Names}}']);
  const names = await leftoversOf(stdout.split('\n'));
  if (names.length === 0) return;
  await podman.run(['rm', '--force', '--ignore', '--time=0', '--volumes', ...names]);
}

function namespaces(): Promise<readonly string[]> {
  return readdir('/run/netns').catch(() => []); // the first one makes the folder
}

async function leftoversOf(names: readonly string[]): Promise<readonly string[]> {
  const are = await Promise.all(names.map(isLeftover));
  return names.filter((_, index) => are[index]);
}
