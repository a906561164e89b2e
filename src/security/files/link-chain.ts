// Which directories decide what a path leads to: those in which its links lie, and the one of the file itself. An
// entry changed in one of them may mean another file; nothing else can, short of a directory above being renamed.

import type { Stats } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../../runtime/errors.ts';

export interface Directory {
  readonly path: string;
  /** Of the directory that has this path now, not of one that had it before. */
  readonly identity: string;
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * @param path absolute; what does not exist is stood for by the nearest directory above that does
 * @returns each directory once; what cannot be looked at is left out
 */
export async function directoriesOf(path: string): Promise<Directory[]> {
  const found = new Set<string>();
  const left = componentsOf(path);
  let links = 0;
  for (let at = '/'; ;) {
    const name = left.shift();
    if (name === undefined) break;
    const entry = join(at, name);
    const stats = await statsOf(entry);
    if (stats?.isSymbolicLink() === true && ++links <= MAX_LINKS) {
      found.add(at);
      const target = await targetOf(entry);
      if (target.startsWith('/')) at = '/';
      left.unshift(...componentsOf(target));
    } else if (left.length > 0 && stats?.isDirectory() === true) {
      at = entry;
    } else {
      found.add(at);
      break;
    }
  }
  return existing(found);
}

function componentsOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

async function statsOf(path: string): Promise<Stats | undefined> {
  return ifThere(lstat(path));
}

/** @returns empty when the link has just gone: its directory is watched all the same */
async function targetOf(path: string): Promise<string> {
  return (await ifThere(readlink(path))) ?? '';
}

async function existing(paths: Iterable<string>): Promise<Directory[]> {
  const all = [...paths].map(async (path) => {
    const stats = await ifThere(stat(path));
    return stats === undefined ? [] : [{ path, identity: `${stats.dev}:${stats.ino}` }];
  });
  return (await Promise.all(all)).flat();
}

async function ifThere<T>(looked: Promise<T>): Promise<T | undefined> {
  try {
    return await looked;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
