// Reading one file of keys or certificates, whoever mounted it: never more than a mebibyte, and never from what
// is no file.

import { constants } from 'node:fs';
import { access, open, stat, type FileHandle } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';

import { AgentError, errnoOf } from '../../runtime/errors.ts';

/** A file that cannot be read, or that is refused. */
export class CertificateFileError extends AgentError {}

const LIMIT_BYTES = 1024 * 1024;

/**
 * The whole text of a regular file. Links are followed.
 *
 * @throws CertificateFileError naming the path: `open /a.pem: no such file or directory`
 */
export async function readCertificateFile(path: string): Promise<string> {
  const file = await opened(path);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new CertificateFileError(`${path} is not a regular file`);
    const bytes = await readAtMost(file, Math.min(stats.size, LIMIT_BYTES) + 1);
    if (bytes.length > LIMIT_BYTES)
      throw new CertificateFileError(`${path} is larger than ${LIMIT_BYTES} bytes`);
    return bytes.toString();
  } finally {
    await file.close();
  }
}

/** Whether there is a regular file that can be read and is not empty. */
export async function hasContent(path: string): Promise<boolean> {
  try {
    const stats = await stat(path);
    await access(path, constants.R_OK);
    return stats.isFile() && stats.size > 0;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    // nobody has to write into a FIFO for this to return
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new CertificateFileError(`open ${path}: ${reasonOf(error)}`, { retryable: true, cause: error });
  }
}

/** The words of the operating system alone: Node's also name the call and the path. */
function reasonOf(error: unknown): string {
  const number = error instanceof Error && 'errno' in error ? Number(error.errno) : Number.NaN;
  return getSystemErrorMap().get(number)?.[1] ?? errnoOf(error) ?? 'it cannot be opened';
}

async function readAtMost(file: FileHandle, sizeBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(sizeBytes);
  for (let filled = 0; ;) {
    const { bytesRead } = await file.read(buffer, filled, sizeBytes - filled);
    filled += bytesRead;
    if (bytesRead === 0 || filled === sizeBytes) return buffer.subarray(0, filled);
  }
}
