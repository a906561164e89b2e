// Which files the image is built from, and one name for their present state: so that an image that is up to date is
// found without a build.

import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { PROJECT } from './podman.ts';

/** A digest of the Dockerfile and of every file that .dockerignore lets into the build. */
export async function sourcesDigest(): Promise<string> {
  const ignore = await readFile(join(PROJECT, '.dockerignore'), 'utf8');
  const entries = ignore.split('\n').filter((line) => line.startsWith('!'));
  const paths = ['Dockerfile', '.dockerignore', ...entries.map((line) => line.slice(1))];
  const digest = createHash('sha256');
  for (const path of paths) {
    for (const file of await filesOf(path))
      digest.update(`${file}\0`).update(await readFile(join(PROJECT, file)));
  }
  return digest.digest('hex');
}

/** The files below a path of the project, in a fixed order. */
async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await stat(join(PROJECT, path))).isDirectory()) return [path];
  const entries = await readdir(join(PROJECT, path), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(PROJECT.length + 1)).toSorted();
}
