// The lock of the legacy tools, looked at from outside: whether it can be opened, and whether somebody holds it now.

import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { errnoOf, messageOf } from '../../src/runtime/errors.ts';
import type { Finding } from './finding.ts';

/** Where the tools look, unless XTABLES_LOCKFILE says otherwise. */
export const LOCK_FILE = '/run/xtables.lock';

export async function lockFinding(path: string): Promise<Finding> {
  const name = 'lock';
  const problem = await openProblem(path);
  if (problem !== undefined) return { name, state: 'fail', found: problem, id: 'IPT-LOCK-FILE' };
  const holder = await holderOf(path);
  if (holder === undefined) return { name, state: 'ok', found: `${path} is free` };
  return { name, state: 'warn', found: `${path} is held now by process ${holder}`, id: 'IPT-LOCKED' };
}

/** The tools open it for reading, and make it when it is not there. */
async function openProblem(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return messageOf(error);
  }
  try {
    await access(dirname(path), constants.W_OK);
    return undefined;
  } catch (error) {
    return `${path} is not there and cannot be made: ${messageOf(error)}`;
  }
}

/** The process that holds a lock on the file; a lock that cannot be looked up counts as free. */
async function holderOf(path: string): Promise<string | undefined> {
  try {
    const { ino } = await stat(path);
    const locks = await readFile('/proc/locks', 'utf8');
    // "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF"; the device may be another one on layered file systems.
    return new RegExp(`^\\d+: FLOCK .* (\\d+) [0-9a-f]+:[0-9a-f]+:${ino} `, 'm').exec(locks)?.[1];
  } catch {
    return undefined;
  }
}
