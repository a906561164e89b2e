// Envoy's libraries. Envoy itself has a layer of its own; it may come from an image of another system, and then brings
// those libraries along that this system does not have.

import { execFile } from 'node:child_process';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import type { Closure } from './closure.ts';
import { libraryFolder, librariesOf } from './libraries.ts';

export interface EnvoyContents {
  readonly version: string;
  /** What ENVOY_FROM said. */
  readonly from: string;
  /** Libraries from the same place, by their paths in the image. */
  readonly libraries: readonly string[];
}

const ENVOY = 'usr/local/bin/envoy';

/**
 * Takes what Envoy is linked with.
 *
 * @param source root of the image that Envoy comes from
 * @param from what names that image in errors
 * @param root that of the image being made
 * @throws Error when there is no Envoy, or it cannot run with these libraries
 */
export async function addEnvoyLibraries(
  closure: Closure,
  source: string,
  from: string,
  root: string,
): Promise<EnvoyContents> {
  const envoy = join(source, ENVOY);
  await access(envoy).catch((cause: unknown) => {
    throw new Error(`ENVOY_FROM=${from}: there is no /${ENVOY} in this image`, { cause });
  });
  const own = await libraryFolder();
  const folders = [own, ...foldersOf(source, basename(own))];
  const libraries: string[] = [];
  for (const library of await librariesOf(envoy, folders)) {
    if (library.startsWith(`${source}/`)) libraries.push(await copyLibrary(library, own, root));
    else await closure.take(library);
  }
  return { version: await versionOf(envoy, folders), from, libraries };
}

function foldersOf(source: string, triplet: string): readonly string[] {
  const parents = ['lib', 'usr/lib', 'usr/local/lib'].map((folder) => join(source, folder));
  return parents.flatMap((folder) => [join(folder, triplet), folder]);
}

/** Where it lay does not matter to the loader of the image: only this folder is searched without more ado. */
async function copyLibrary(library: string, folder: string, root: string): Promise<string> {
  const path = join(folder, basename(library));
  await mkdir(dirname(join(root, path)), { recursive: true });
  await copyFile(library, join(root, path));
  return path;
}

async function versionOf(envoy: string, folders: readonly string[]): Promise<string> {
  const env = { LD_LIBRARY_PATH: folders.join(':') };
  const { stdout } = await promisify(execFile)(envoy, ['--version'], { env });
  const version = /version: [0-9a-f]+\/([^/]+)\//.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`this is no Envoy, by what --version says: ${stdout.trim()}`);
  return version;
}
