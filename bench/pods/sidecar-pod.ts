// Pods with a native sidecar, in a mesh of their own, for figures of the image.

import { join } from 'node:path';

import { readCase } from '../../test/e2e/pods/cases/case-pod.ts';
import { NodeWindow } from '../../test/e2e/pods/cases/node-window.ts';
import type { RunningPod } from '../../test/e2e/pods/kubelet/kubelet.ts';
import { Mesh } from '../../test/e2e/pods/mesh/mesh.ts';
import { Podman, PROJECT } from '../../test/e2e/pods/podman/podman.ts';

const FOLDER = join(PROJECT, 'test/e2e/pods/cases/pods');

/** Builds the image when the sources have changed. @param work is given a view from the node, too */
export async function inMesh<Result>(
  work: (mesh: Mesh, node: NodeWindow) => Promise<Result>,
): Promise<Result> {
  await using mesh = await Mesh.start(await Podman.open());
  await using node = await NodeWindow.open(mesh.kubelet.nodeNamespace);
  return await work(mesh, node);
}

/** Resolves when its first container is about to start. @param name of no other pod of the mesh */
export async function startPod(mesh: Mesh, name: string): Promise<RunningPod> {
  const row = { name, source: 'own', file: 'native-sidecar.yaml', expects: [], expectsAtItsEnd: [] } as const;
  return mesh.run(await readCase(row, FOLDER));
}
