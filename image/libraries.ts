// What a program is linked with, as the loader of the system sees it: the words of `ldd`.

import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const ELF = Buffer.from('\u007fELF', 'latin1');

/**
 * The libraries a program loads, and its loader, by absolute path; none for a script, for data, and for a program that
 * is linked statically.
 *
 * @param folders where to look for libraries before the system's own; the program's system may be another one
 * @throws Error when a library, or the version of it that is needed, is not there
 */
export async function librariesOf(
  program: string,
  folders: readonly string[] = [],
): Promise<readonly string[]> {
  if (!(await isElf(program))) return [];
  const env = { LC_ALL: 'C', ...(folders.length > 0 && { LD_LIBRARY_PATH: folders.join(':') }) };
  const { stdout, stderr } = await outputOf(promisify(execFile)('ldd', [program], { env }));
  const missing = missingLibrary(`${stdout}${stderr}`);
  if (missing !== undefined) throw new Error(`${program} cannot run on this system: ${missing}`);
  return libraryPaths(stdout);
}

/**
 * Where the libraries of this system's architecture are, links among the folders not followed.
 *
 * @throws Error when this Node is not linked with the system's C library
 */
export async function libraryFolder(): Promise<string> {
  const libc = (await librariesOf(process.execPath)).find((path) => path.endsWith('/libc.so.6'));
  if (libc === undefined) throw new Error(`${process.execPath} is not linked with libc.so.6`);
  return dirname(libc);
}

/** ldd fails for a program that is linked statically, and says so; then it has named no library. */
async function outputOf(
  run: Promise<{ stdout: string; stderr: string }>,
): Promise<{ stdout: string; stderr: string }> {
  return run.catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined || stderr === undefined) throw error;
    if (!`${stdout}${stderr}`.includes('not a dynamic executable')) throw error;
    return { stdout: '', stderr: '' };
  });
}

/** The paths that ldd names; the kernel's own library has none. */
export function libraryPaths(ldd: string): readonly string[] {
  const paths = ldd.split('\n').map((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1]);
  return paths.filter((path) => path !== undefined);
}

/** The first library, or version of one, that ldd did not find, in its words; undefined when all were found. */
export function missingLibrary(ldd: string): string | undefined {
  const line = ldd.split('\n').find((text) => text.includes('not found'));
  return line?.trim().replace(/^.*: version/, 'version');
}

async function isElf(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(ELF.length), 0, ELF.length, 0);
  return bytesRead === ELF.length && buffer.equals(ELF);
}
