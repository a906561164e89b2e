// The containers of one pod on this machine: makes the runs of each, reads their logs, removes them.

import { join } from 'node:path';

import { type Podman, PodmanError } from '../../podman/podman.ts';
import type { ContainerSpec } from '../pod-spec.ts';
import { hostnameOf, NAME_FILES } from '../network/name-files.ts';
import { environment, serviceVariables, type ValueContext } from '../values/environment.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { ContainerRun } from './container-run.ts';
import type { ImageInfo } from './image-info.ts';
import { type BoundMount, runArguments } from './run-arguments.ts';

export interface PodPlace {
  readonly podman: Podman;
  /** Of the names of all its containers. */
  readonly prefix: string;
  /** Holds the name files, `shm`, and process ids. */
  readonly folder: string;
  readonly networkNamespace: string;
  readonly volumes: Volumes;
  readonly context: ValueContext;
  readonly image: (container: ContainerSpec) => Promise<ImageInfo>;
  readonly apiServerAddress: string;
}

export class PodContainers {
  readonly #place: PodPlace;
  /** Names of podman's containers by the pod's. */
  readonly #made = new Map<string, string[]>();
  /** Logs of removed containers. */
  readonly #logs = new Map<string, string>();

  constructor(place: PodPlace) {
    this.#place = place;
  }

  /** @throws Error when a value, the image or the program is not to be had */
  async start(container: ContainerSpec): Promise<ContainerRun> {
    const { podman, prefix, folder } = this.#place;
    const earlier = this.#made.get(container.name) ?? [];
    const name = `${prefix}-${container.name}-${earlier.length}`;
    const pidFile = join(folder, `${container.name}-${earlier.length}.pid`);
    const args = await this.#arguments(container, name, pidFile);
    this.#made.set(container.name, [...earlier, name]);
    return ContainerRun.start(podman, { name, pidFile }, args);
  }

  /** The signal that asks the container to end. */
  async stopSignal(container: ContainerSpec): Promise<string> {
    return (await this.#place.image(container)).stopSignal;
  }

  /** Of all runs, one after the other. */
  async log(container: string): Promise<string> {
    const kept = this.#logs.get(container) ?? '';
    const logs: string[] = [kept];
    for (const name of this.#made.get(container) ?? []) logs.push(await this.#logOf(name));
    return logs.join('');
  }

  /** Removes them; what they wrote can still be read. */
  async remove(): Promise<void> {
    for (const container of this.#made.keys()) this.#logs.set(container, await this.log(container));
    const names = [...this.#made.values()].flat();
    this.#made.clear();
    if (names.length === 0) return;
    await this.#place.podman.run(['rm', '--force', '--ignore', '--time=0', '--volumes', ...names]);
  }

  /** Of a container that podman could not make: what podman says of it. */
  async #logOf(name: string): Promise<string> {
    try {
      const { stdout, stderr } = await this.#place.podman.run(['logs', name]);
      return stdout + stderr;
    } catch (error) {
      if (error instanceof PodmanError) return error.stderr;
      throw error;
    }
  }

  async #arguments(container: ContainerSpec, name: string, pidFile: string): Promise<readonly string[]> {
    const { context, networkNamespace, apiServerAddress, image } = this.#place;
    const { image: imageName, user } = await image(container);
    return runArguments(container, context.pod, {
      name,
      pidFile,
      networkNamespace,
      image: imageName,
      imageUser: user,
      hostname: hostnameOf(context.pod),
      variables: environment(container, context, serviceVariables(apiServerAddress)),
      mounts: this.#mounts(container),
    });
  }

  /** The pod's name files and shared memory, and what the container mounts itself, outermost first. */
  #mounts({ name, volumeMounts }: ContainerSpec): readonly BoundMount[] {
    const { folder, volumes, context } = this.#place;
    const own = volumeMounts.map(({ name: volume, mountPath, readOnly }) => ({
      source: volumes.path(volume),
      target: mountPath,
      isReadOnly: readOnly || volumes.isReadOnly(volume),
    }));
    const targets = new Set(own.map(({ target }) => target));
    if (targets.size < own.length)
      throw new Error(`${context.pod.name}: ${name} mounts two volumes at one place`);
    const shared = [
      ...NAME_FILES.map((file) => ({
        source: join(folder, file),
        target: `/etc/${file}`,
        isReadOnly: false,
      })),
      { source: join(folder, 'shm'), target: '/dev/shm', isReadOnly: false },
    ];
    return [...shared.filter(({ target }) => !targets.has(target)), ...own].toSorted(
      (one, other) => one.target.length - other.target.length,
    );
  }
}
