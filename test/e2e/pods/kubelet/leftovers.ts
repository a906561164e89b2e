// Removes what kubelets left behind that were killed: containers, network namespaces, folders with their mounts.

import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Podman } from '../podman/podman.ts';
import { isLeftover } from './network/names.ts';
import { runProgram } from './program.ts';
import { removeFolder } from './volumes/folders.ts';

/** Another kubelet may do the same at this moment, so what is gone by then is no error. */
export async function removeLeftovers(podman: Podman): Promise<void> {
  const { stdout } = await podman.run(['ps', '--all', '--format={{.Names}}']);
  const containers = await leftoversOf(stdout.split('\n'));
  if (containers.length > 0)
    await podman.run(['rm', '--force', '--ignore', '--time=0', '--volumes', ...containers]);
  for (const name of await leftoversOf(await readdir('/run/netns').catch(() => [])))
    await runProgram('ip', ['netns', 'delete', name]).catch(() => undefined);
  for (const name of await leftoversOf(await readdir(tmpdir()))) await removeFolder(join(tmpdir(), name));
}

async function leftoversOf(names: readonly string[]): Promise<readonly string[]> {
  const are = await Promise.all(names.map(isLeftover));
  return names.filter((_, index) => are[index]);
}
