// The file Envoy is run from, as an upgrade in a live pod replaces it: another file under the same name.

import { chmod, copyFile, rename, stat, writeFile } from 'node:fs/promises';

import { fetchEnvoy } from '../../../examples/demo/fetch-envoy.ts';

export class EnvoyFile {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param path where there is none yet */
  static async create(path: string): Promise<EnvoyFile> {
    const file = new EnvoyFile(path);
    await file.replaceByCopy();
    return file;
  }

  /** The same Envoy in another file. */
  async replaceByCopy(): Promise<void> {
    await copyFile(await fetchEnvoy(), this.#next);
    await this.#swap();
  }

  /** @param script for `sh`; `$ENVOY` in it is a real Envoy */
  async replaceByScript(script: string): Promise<void> {
    await writeFile(this.#next, `#!/bin/sh\nENVOY='${await fetchEnvoy()}'\n${script}\n`);
    await this.#swap();
  }

  /** Whether a process runs what is at the path now. */
  async isRunBy(pid: number): Promise<boolean> {
    const [run, there] = await Promise.all([stat(`/proc/${pid}/exe`), stat(this.path)]);
    return run.ino === there.ino && run.dev === there.dev;
  }

  get #next(): string {
    return `${this.path}.next`;
  }

  async #swap(): Promise<void> {
    await chmod(this.#next, 0o755);
    await rename(this.#next, this.path);
  }
}
