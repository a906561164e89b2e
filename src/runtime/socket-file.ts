// The file of a Unix socket: what has to be true before a server binds it, how it appears, and whether it is still
// there. Binding and serving are the caller's.

import { chmod, chown, mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { AgentError, errnoOf, messageOf } from './errors.ts';

/** Longest path a Unix socket address can hold, bytes. @see unix(7) */
const MAX_SOCKET_PATH_BYTES = 107;

const DIRECTORY_MODE = 0o750;

export interface SocketFileSettings {
  /** Absolute or relative path of the socket file. */
  readonly path: string;
  /** For example 0o666; counts whatever the umask is. */
  readonly mode: number;
  /** Group of the file; undefined leaves the process's. */
  readonly gid?: number | undefined;
}

/** What stands at the path now: the socket of this server, nothing, or what somebody else put there. */
export type SocketPlace = 'own' | 'none' | 'other';

/** A socket in its place. */
export interface SocketFile {
  readonly place: () => Promise<SocketPlace>;
  /** Removes it, and nothing that took its place. */
  readonly remove: () => Promise<void>;
}

/** @throws AgentError for a path that no address can hold */
export function checkSocketPath(path: string): void {
  const sizeBytes = Buffer.byteLength(path);
  if (sizeBytes <= MAX_SOCKET_PATH_BYTES) return;
  throw new AgentError(`the path has ${sizeBytes} bytes, a socket allows ${MAX_SOCKET_PATH_BYTES}`);
}

/**
 * Removes what servers left: one that was killed at its path, or before its socket got there.
 *
 * @throws AgentError `failed to remove unix://<path>: <cause>`
 */
export async function removeLeftover(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await rm(bindingPath(path), { force: true });
  } catch (error) {
    throw new AgentError(`failed to remove unix://${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Makes the directory when there is none. @throws the system's error */
export async function makeSocketDirectory(path: string): Promise<void> {
  const directory = dirname(path);
  await realpath('.'); // fails when the working directory is gone; Node's recursive mkdir would then never return
  const made = await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  if (made !== undefined) await chmod(directory, DIRECTORY_MODE); // a strict umask would shut Envoy's user out
}

/**
 * Where to bind: a neighbour of the path, as long as it is. The socket gets there when its mode is set, and closing
 * the server, which removes the name it was bound to, cannot remove a newer socket at the path.
 */
export function bindingPath(path: string): string {
  return `${path.slice(0, -1)}~`;
}

/** Moves a socket bound at `bindingPath` to its place. @throws the system's error; the socket file is gone then */
export async function placeSocket({ path, mode, gid }: SocketFileSettings): Promise<SocketFile> {
  const bound = bindingPath(path);
  try {
    await chmod(bound, mode);
    if (gid !== undefined) await chown(bound, -1, gid);
    const own = await identityOf(bound);
    await rename(bound, path);
    return socketFile(path, own);
  } catch (error) {
    await rm(bound, { force: true });
    throw error;
  }
}

/**
 * Who may use a directory and who we are, for the error of somebody who was refused.
 *
 * @returns empty when the error is another one
 */
export async function accessDiagnosis(path: string, error: unknown): Promise<string> {
  if (!/EACCES|EPERM/.test(`${errnoOf(error)} ${messageOf(error)}`)) return '';
  const us = `this process is uid ${process.geteuid?.()} gid ${process.getegid?.()}`;
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    const found = await stat(directory).catch(() => undefined); // one that is missing is judged by its parent
    if (found !== undefined) {
      const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
      return ` (${us}; ${directory} belongs to uid ${found.uid} gid ${found.gid}, mode ${mode})`;
    }
    if (directory === dirname(directory)) return ` (${us})`;
  }
}

function socketFile(path: string, own: string | undefined): SocketFile {
  const place = async (): Promise<SocketPlace> => {
    const found = await identityOf(path);
    if (found === undefined) return 'none';
    return found === own ? 'own' : 'other';
  };
  const remove = async (): Promise<void> => {
    if ((await place()) === 'own') await rm(path, { force: true });
  };
  return { place, remove };
}

/** Cannot be that of a later file: the inode lives as long as the socket is open. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
