// Whether a path still leads to the same file: an upgrade replaces the file, and processes go on running the old one.

import { stat } from 'node:fs/promises';

/**
 * Equal as long as it is the same file with the same content, as far as that shows without reading it.
 *
 * @returns undefined when there is none, or none that can be looked at: whoever opens or runs it is told why
 */
export async function fileIdentity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return undefined;
  }
}
