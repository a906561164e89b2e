// Copies files together with all that they need to run: the shared libraries, the loader, and every symbolic link on
// the way. Runs in the build of the image, on the system whose files are taken.

import { copyFile, lstat, mkdir, readdir, readlink, realpath, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { librariesOf } from './libraries.ts';

export class Closure {
  readonly #target: string;
  readonly #taken = new Set<string>();

  /** @param target the folder that becomes the root of the image */
  constructor(target: string) {
    this.#target = target;
  }

  /** The files and links taken so far, by their paths on the system, sorted. */
  get paths(): readonly string[] {
    return [...this.#taken].toSorted();
  }

  /**
   * Takes a file, or a folder with all that is in it, and what its programs are linked with.
   *
   * @param path absolute
   * @throws Error when the file or a library of it is missing, or a library is too old
   */
  async take(path: string): Promise<void> {
    const place = await this.#followFolders(path);
    if (this.#taken.has(place)) return;
    const state = await lstat(place);
    if (state.isDirectory()) return this.#takeFolder(place);
    this.#taken.add(place);
    if (state.isSymbolicLink()) return this.take(await this.#copyLink(place));
    await copyFile(place, await this.#room(place));
    await this.takeLibraries(place);
  }

  /** Takes what a program is linked with, and not the program. */
  async takeLibraries(program: string): Promise<void> {
    for (const library of await librariesOf(program)) await this.take(library);
  }

  async #takeFolder(folder: string): Promise<void> {
    for (const name of (await readdir(folder)).toSorted()) await this.take(join(folder, name));
  }

  /** The path without links among its folders; such a link, as from /lib to /usr/lib, is taken itself. */
  async #followFolders(path: string): Promise<string> {
    await this.#takeFolderLinks(dirname(path));
    return join(await realpath(dirname(path)), basename(path));
  }

  async #takeFolderLinks(folder: string): Promise<void> {
    if (folder === dirname(folder)) return;
    await this.#takeFolderLinks(dirname(folder));
    const place = join(await realpath(dirname(folder)), basename(folder));
    if (this.#taken.has(place) || !(await lstat(place)).isSymbolicLink()) return;
    this.#taken.add(place);
    await this.#takeFolderLinks(await this.#copyLink(place));
  }

  /** Returns where the link leads to. */
  async #copyLink(link: string): Promise<string> {
    const destination = await readlink(link);
    await symlink(destination, await this.#room(link));
    return resolve(dirname(link), destination);
  }

  async #room(path: string): Promise<string> {
    const copy = join(this.#target, path);
    await mkdir(dirname(copy), { recursive: true });
    return copy;
  }
}
