// Small file operations the whole agent shares. Watching is in watch.ts.

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { AgentError, errnoOf } from './errors.ts';

/** Far more than a key, a token or a bundle of certificates needs. */
const SMALL_FILE_BYTES = 1024 * 1024;

/**
 * Replaces a file as a whole: readers see the old or the new content, never a part. The temporary name stands
 * beside the target and is removed on failure.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode); // whatever the umask is
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The file's text, or undefined when there is none; other failures are thrown. */
export async function readTextIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * The bytes of a regular file of at most 1 MiB; links are followed. Nothing that stands at the path can make the
 * reader wait or fill its memory.
 *
 * @throws AgentError for a FIFO, a device, a directory or a larger file; the system's error for all else
 */
export async function readSmallFile(path: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a FIFO waits until somebody writes into it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new AgentError(`${path} is not a regular file`);
    if (facts.size > SMALL_FILE_BYTES) throw new AgentError(`${path} is larger than 1 MiB`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
