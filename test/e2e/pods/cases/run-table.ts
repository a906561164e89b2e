// Makes the surroundings that pods of the table need, and runs them there.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { Mesh } from '../mesh/mesh.ts';
import { Podman, PROJECT } from '../podman/podman.ts';
import type { PodCase } from './expectations.ts';
import { NodeWindow } from './node-window.ts';
import type { Results } from './results.ts';
import { runPods } from './run-pods.ts';

const OWN_FOLDER = join(import.meta.dirname, 'pods');

/** Where pods of Istio's injector may lie beside the project. */
const INJECTED_FOLDER = resolve(PROJECT, '../shared/conformance/inject');

/** Undefined when there are none. */
export function injectedFolder(): string | undefined {
  return existsSync(INJECTED_FOLDER) ? INJECTED_FOLDER : undefined;
}

/**
 * @param injected folder of the rows that are not our own
 * @throws Error when something is missing on this machine, or the mesh does not start
 */
export async function runTable(
  rows: readonly PodCase[],
  injected: string | undefined,
  tell: (line: string) => void,
): Promise<Results> {
  const podman = await Podman.open();
  await using mesh = await Mesh.start(podman);
  await using node = await NodeWindow.open(mesh.kubelet.nodeNamespace);
  const folderOf = ({ name, source }: PodCase): string => {
    if (source === 'own') return OWN_FOLDER;
    if (injected === undefined) throw new Error(`no folder is known for the injected pod ${name}`);
    return injected;
  };
  return await runPods({ rows, folderOf, surroundings: { mesh, node }, tell });
}
