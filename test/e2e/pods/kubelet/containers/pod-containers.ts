// The containers of one pod on this machine: makes the runs of each, reads their logs, removes them.

import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import type { Podman } from '../../podman/podman.ts';
import type { ContainerSpec, MountSpec, PodSpec } from '../pod-spec.ts';
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

  async #logOf(name: string): Promise<string> {
    const { stdout, stderr } = await this.#place.podman.run(['logs', name]);
    return stdout + stderr;
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
      mounts: await this.#mounts(container, context.pod),
    });
  }

  async #mounts(container: ContainerSpec, pod: PodSpec): Promise<readonly BoundMount[]> {
    const { folder } = this.#place;
    const own = await Promise.all(container.volumeMounts.map((mount) => this.#mount(mount)));
    const shared: BoundMount[] = [
      ...NAME_FILES.map((file) => ({
        source: join(folder, file),
        target: `/etc/${file}`,
        isReadOnly: false,
      })),
      { source: join(folder, 'shm'), target: '/dev/shm', isReadOnly: false },
    ];
    const isFree = ({ target }: BoundMount): boolean => own.every((mount) => mount.target !== target);
    if (own.length !== new Set(own.map(({ target }) => target)).size)
      throw new Error(`${pod.name}: ${container.name} mounts two volumes at one place`);
    return [...shared.filter(isFree), ...own].toSorted(
      (one, other) => one.target.length - other.target.length,
    );
  }

  async #mount({ name, mountPath, readOnly, subPath }: MountSpec): Promise<BoundMount> {
    const { volumes } = this.#place;
    const isReadOnly = readOnly || volumes.isReadOnly(name);
    const path = join(volumes.path(name), subPath);
    if (subPath !== '' && !volumes.isReadOnly(name)) await mkdir(path, { recursive: true });
    // a file of a projected volume is a link that means nothing in the container: its target is mounted
    return { source: subPath === '' ? path : await realpath(path), target: mountPath, isReadOnly };
  }
}
