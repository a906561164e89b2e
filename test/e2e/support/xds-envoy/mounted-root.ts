// The root certificate as a cluster mounts it: a link through `..data`, which is exchanged as a whole.

import { copyFile, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

export class MountedRoot {
  readonly #folder: string;
  #versions = 0;

  /** @param podRoot folder of a pod, whose root certificate is a plain file or mounted already */
  constructor(podRoot: string) {
    this.#folder = join(podRoot, 'var/run/secrets/istio');
  }

  /** The pod sees another certificate, all at once. */
  async mount(certificatePath: string): Promise<void> {
    this.#versions += 1;
    const version = `..version-${this.#versions}`;
    await mkdir(join(this.#folder, version));
    await copyFile(certificatePath, join(this.#folder, version, 'root-cert.pem'));
    await symlink(version, join(this.#folder, '..data_tmp'));
    await rename(join(this.#folder, '..data_tmp'), join(this.#folder, '..data'));
    if (this.#versions > 1) return;
    await rm(join(this.#folder, 'root-cert.pem'));
    await symlink('..data/root-cert.pem', join(this.#folder, 'root-cert.pem'));
  }
}
