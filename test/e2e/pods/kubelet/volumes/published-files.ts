// The files of a projected volume on disk, as Kubernetes lays them out: each name is a link through `..data`, which
// points at a folder with all files of one moment, so that a reader sees old files or new ones and never a mixture.

import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ProjectedFile } from './projection.ts';

const DATA = '..data';

/** What a group may do with what it is given. */
const GROUP_READS = 0o440;
const GROUP_ENTERS = 0o110;
const SET_GROUP = 0o2000;

/**
 * Replaces the files of the folder. Other files in it stay.
 *
 * @param folder there already
 * @param group who may read the files beside their owner: the pod's fsGroup
 */
export async function publishFiles(
  folder: string,
  files: ReadonlyMap<string, ProjectedFile>,
  group: number | undefined,
): Promise<void> {
  const previous = await readlink(join(folder, DATA)).catch(() => undefined); // the first time
  const current = await writeMoment(folder, files, group);
  await symlink(current, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, DATA));
  await linkNames(folder, files);
  if (previous !== undefined) await rm(join(folder, previous), { recursive: true });
}

/** @returns the name of the folder with the files, named after the time as Kubernetes does */
async function writeMoment(
  folder: string,
  files: ReadonlyMap<string, ProjectedFile>,
  group: number | undefined,
): Promise<string> {
  const [whole = '', fraction = ''] = (performance.timeOrigin + performance.now()).toFixed(6).split('.');
  const stamp = new Date(Number(whole)).toISOString().replaceAll(/[-:T]/g, '_').slice(0, 19);
  const name = `..${stamp}.${whole.slice(-3)}${fraction}`;
  const target = join(folder, name);
  await mkdir(target);
  for (const [path, file] of files) await writeProjected(join(target, path), file);
  await chmod(target, 0o755);
  if (group !== undefined) await giveTree(target, group);
  return name;
}

async function writeProjected(place: string, { text, mode, uid }: ProjectedFile): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, text);
  await chmod(place, mode); // whatever the umask
  if (uid !== undefined) await chown(place, uid, 0);
}

/** @see Kubernetes' pkg/volume/volume_linux.go SetVolumeOwnership */
async function giveTree(folder: string, group: number): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  for (const place of [folder, ...names.map((name) => join(folder, name))]) {
    const stat = await lstat(place);
    const bits = stat.isDirectory() ? GROUP_READS | GROUP_ENTERS | SET_GROUP : GROUP_READS;
    await chown(place, stat.uid, group);
    await chmod(place, (stat.mode & 0o7777) | bits); // after chown, which takes bits away
  }
}

/** Makes links for new names and takes away those of names that are gone. */
async function linkNames(folder: string, files: ReadonlyMap<string, ProjectedFile>): Promise<void> {
  const wanted = new Set(Array.from(files.keys(), (path) => path.split('/')[0] ?? ''));
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isSymbolicLink() || entry.name === DATA) continue;
    if (!wanted.delete(entry.name)) await rm(join(folder, entry.name));
  }
  for (const name of wanted) await symlink(join(DATA, name), join(folder, name));
}
