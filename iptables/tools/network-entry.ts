// How to get into the network that a path names: not at all when this process is in it already, else by `nsenter`.

import { stat, statfs } from 'node:fs/promises';

import { messageOf } from '../../src/runtime/errors.ts';
import { CaptureError } from '../errors.ts';

/** The file system of namespaces, from linux/magic.h. */
const NSFS_MAGIC = 0x6e_73_66_73;

/**
 * @returns arguments of nsenter; undefined when nothing is to be entered: no path, a plain lock file, or a network
 * this process is in
 * @throws CaptureError when there is nothing at the path
 */
export async function namespaceEntry(path: string): Promise<readonly string[] | undefined> {
  if (path === '') return undefined;
  try {
    if ((await statfs(path)).type !== NSFS_MAGIC || (await same(path, '/proc/self/ns/net'))) return undefined;
  } catch (error) {
    throw new CaptureError(`--network-namespace ${path}: ${messageOf(error)}`, {
      id: 'IPT-NETNS',
      cause: error,
    });
  }
  const owner = ownerOf(path);
  const foreign = owner !== undefined && !(await same(owner, '/proc/self/ns/user'));
  return [`--net=${path}`, ...(foreign ? [`--user=${owner}`] : [])];
}

/** The user namespace of the process whose network it is, where the path tells the process. */
function ownerOf(path: string): string | undefined {
  return /^\/proc\/\d+\/ns\/net$/.test(path) ? path.replace(/net$/, 'user') : undefined;
}

async function same(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(left), stat(right)]);
  return a.ino === b.ino && a.dev === b.dev;
}
