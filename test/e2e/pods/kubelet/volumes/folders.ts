// Folders of volumes on the node: plain ones, and those whose files live in memory.

import { chmod, chown, mkdir, readFile, rm } from 'node:fs/promises';

import { runProgram } from '../program.ts';

export interface FolderOptions {
  /** A tmpfs; Kubernetes keeps secrets and tokens out of the disk. */
  readonly inMemory: boolean;
  /** Bytes a tmpfs can hold at most; undefined: as the kernel decides. */
  readonly sizeBytes?: number | undefined;
  /** Who may write beside root: the pod's fsGroup. */
  readonly group: number | undefined;
}

const ANYONE_WRITES = 0o777;
const STICKY = 0o1000;
const SET_GROUP = 0o2000;

/** Makes a folder that every user may write to, as Kubernetes does for empty directories. */
export async function makeFolder(path: string, { inMemory, sizeBytes, group }: FolderOptions): Promise<void> {
  await mkdir(path, { recursive: true });
  if (inMemory) await mountMemory(path, sizeBytes);
  const sticky = inMemory ? STICKY : 0; // a new tmpfs has it
  await chown(path, 0, group ?? 0);
  await chmod(path, ANYONE_WRITES | sticky | (group === undefined ? 0 : SET_GROUP));
}

/** Mounts an empty file system in memory. */
export async function mountMemory(path: string, sizeBytes?: number): Promise<void> {
  const size = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`];
  await runProgram('mount', ['-t', 'tmpfs', ...size, 'tmpfs', path]);
}

/** Removes a folder with all that is in it and mounted below it. */
export async function removeFolder(path: string): Promise<void> {
  for (const place of await mountsBelow(path)) await runProgram('umount', ['--lazy', place]);
  await rm(path, { recursive: true, force: true });
}

/** Innermost first. */
async function mountsBelow(path: string): Promise<readonly string[]> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  const places = mounts.split('\n').map((line) => (line.split(' ')[4] ?? '').replaceAll(/\\(\d{3})/g, octal));
  return places.filter((place) => place === path || place.startsWith(`${path}/`)).toReversed();
}

function octal(_whole: string, digits: string): string {
  return String.fromCodePoint(Number.parseInt(digits, 8));
}
