// What a machine needs so that images can be built and pods can run on it.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['podman', 'runc', 'debootstrap', 'flock', 'unshare'];

/** Why no image can be built here, in one line; undefined when it can. */
export function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux') return 'images are built and run on Linux only';
  if (process.getuid?.() !== 0) return 'running pods with podman needs root';
  const missing = PROGRAMS.filter((program) => !isOnPath(program));
  if (missing.length > 0) return `${missing.join(', ')} not installed: apt-get install ${missing.join(' ')}`;
  return undefined;
}

function isOnPath(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run: the next folder may have it
  }
}
