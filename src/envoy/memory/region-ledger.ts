// Which shared memory regions are ours, written down for an agent that comes after one that was killed. Only a region
// that is in the book, is still the same file, and has no process is removed: others may share the file system.

import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../../runtime/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../runtime/files.ts';
import { isJsonObject, type Json } from '../../runtime/json.ts';
import { hasSocket, regionPath } from './shared-memory.ts';

export interface RegionLedger {
  /** Notes the region of this base id. */
  readonly add: (baseId: number) => Promise<void>;
  /** Removes what is noted and not used any more. @returns the paths of what was removed */
  readonly sweep: () => Promise<readonly string[]>;
  /** Nothing is left. */
  readonly clear: () => Promise<void>;
}

export const NO_LEDGER: RegionLedger = {
  add: async () => undefined,
  sweep: async () => [],
  clear: async () => undefined,
};

export interface LedgerPlaces {
  /** Normally `/dev/shm`. */
  readonly memory: string;
  /** Normally `/proc/net/unix`. */
  readonly sockets: string;
  /** Normally `/proc`. */
  readonly processes: string;
}

const SYSTEM: LedgerPlaces = { memory: '/dev/shm', sockets: '/proc/net/unix', processes: '/proc' };

interface Entry {
  readonly baseId: number;
  /** Number and owner of the file: one of another Envoy that has the same name is not ours. */
  readonly inode: number;
  readonly uid: number;
}

/** @param file the book; its directory must exist */
export function regionLedger(file: string, places: LedgerPlaces = SYSTEM): RegionLedger {
  const write = (entries: readonly Entry[]): Promise<void> =>
    entries.length === 0 ? rm(file, { force: true }) : writeFileAtomic(file, JSON.stringify(entries), 0o600);
  return {
    add: async (baseId) => {
      const others = (await read(file)).filter((entry) => entry.baseId !== baseId);
      const { ino: inode, uid } = await stat(regionPath(places.memory, baseId));
      await write([...others, { baseId, inode, uid }]);
    },
    sweep: async () => {
      const entries = await read(file);
      const removed: string[] = [];
      const kept: Entry[] = [];
      for (const entry of entries) {
        const fate = await fateOf(entry, places);
        if (fate === 'used') kept.push(entry);
        if (fate !== 'abandoned') continue;
        const path = regionPath(places.memory, entry.baseId);
        await rm(path, { force: true });
        removed.push(path);
      }
      if (entries.length > 0) await write(kept);
      return removed;
    },
    clear: () => write([]),
  };
}

/** A book that cannot be read says nothing. */
async function read(file: string): Promise<readonly Entry[]> {
  const text = await readTextIfExists(file);
  try {
    const entries = JSON.parse(text ?? '[]') as Json;
    return Array.isArray(entries) ? entries.flatMap(entryOf) : [];
  } catch {
    return [];
  }
}

function entryOf(value: Json): readonly Entry[] {
  if (!isJsonObject(value)) return [];
  const { baseId, inode, uid } = value;
  if (typeof baseId !== 'number' || typeof inode !== 'number' || typeof uid !== 'number') return [];
  return [{ baseId, inode, uid }];
}

async function fateOf(
  { baseId, inode, uid }: Entry,
  places: LedgerPlaces,
): Promise<'gone' | 'used' | 'abandoned'> {
  const path = regionPath(places.memory, baseId);
  try {
    const found = await stat(path);
    if (found.ino !== inode || found.uid !== uid) return 'gone';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'gone';
    throw error;
  }
  if (hasSocket(await readFile(places.sockets, 'utf8'), baseId)) return 'used';
  return (await isMapped(path, places.processes)) ? 'used' : 'abandoned';
}

/** Whether a process has the file in its memory, of those that can be looked at. */
async function isMapped(path: string, processes: string): Promise<boolean> {
  for (const pid of (await readdir(processes)).filter((name) => /^\d+$/.test(name))) {
    // ended meanwhile, or another user's, which cannot open a file of mode 0600
    const maps = await readFile(join(processes, pid, 'maps'), 'utf8').catch(() => '');
    if (maps.split('\n').some((line) => line.endsWith(` ${path}`))) return true;
  }
  return false;
}
