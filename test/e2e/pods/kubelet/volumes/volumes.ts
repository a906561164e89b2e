// The volumes of one pod on the node.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { PodSpec, VolumeSpec } from '../pod-spec.ts';
import { makeFolder } from './folders.ts';
import { nestedMountpoints } from './nested-mounts.ts';
import { projectedFiles, type ProjectedFile, type ProjectionContext } from './projection.ts';
import { publishFiles } from './published-files.ts';

export class Volumes {
  readonly #folder: string;
  readonly #context: ProjectionContext;
  /** What was written last, by volume. */
  readonly #published = new Map<string, ReadonlyMap<string, ProjectedFile>>();

  private constructor(folder: string, context: ProjectionContext) {
    this.#folder = folder;
    this.#context = context;
  }

  /** @throws Error for a config map, secret or key that is not there and not optional */
  static async create(folder: string, context: ProjectionContext): Promise<Volumes> {
    const volumes = new Volumes(folder, context);
    for (const volume of context.pod.volumes) await volumes.#make(volume, context.pod);
    await volumes.refresh();
    return volumes;
  }

  /** Where the volume of this name is on the node. @throws Error when the pod has none */
  path(name: string): string {
    const { pod } = this.#context;
    if (!pod.volumes.some((volume) => volume.name === name))
      throw new Error(`${pod.name} has no volume ${name}`);
    return join(this.#folder, name);
  }

  /** Whether containers may but read it, whatever they ask for. */
  isReadOnly(name: string): boolean {
    return this.#context.pod.volumes.some((volume) => volume.name === name && volume.kind === 'projected');
  }

  /** Asks again what projected files say and publishes those of volumes in which one changed. */
  async refresh(): Promise<void> {
    const { pod } = this.#context;
    for (const volume of pod.volumes) {
      if (volume.kind !== 'projected') continue;
      const files = await projectedFiles(volume, this.#context);
      if (areEqual(files, this.#published.get(volume.name))) continue;
      await publishFiles(this.path(volume.name), files, pod.securityContext.fsGroup);
      this.#published.set(volume.name, files);
    }
  }

  async #make(volume: VolumeSpec, pod: PodSpec): Promise<void> {
    const path = join(this.#folder, volume.name);
    const group = pod.securityContext.fsGroup;
    const inMemory = volume.kind === 'projected' ? isSecret(volume) : volume.inMemory;
    await makeFolder(path, { inMemory, group });
    for (const place of nestedMountpoints(volume.name, pod))
      await mkdir(join(path, place), { recursive: true });
  }
}

/** Everything but a config map alone is kept in memory. */
function isSecret({ sources }: Extract<VolumeSpec, { readonly kind: 'projected' }>): boolean {
  return sources.some(({ from }) => from !== 'configMap');
}

function areEqual(
  files: ReadonlyMap<string, ProjectedFile>,
  others: ReadonlyMap<string, ProjectedFile> | undefined,
): boolean {
  if (files.size !== others?.size) return false;
  return [...files].every(([path, { text }]) => others.get(path)?.text === text);
}
