// The shared memory region through which the epochs of a hot-restart line find each other, seen from outside:
// its file, the bit a failed child leaves behind in it, and which numbers are free.
// Layout: u64 size, u64 version, two mutexes, and the flags as the last u64; the size depends on the platform.

import { open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { AgentError, errnoOf, messageOf } from '../../runtime/errors.ts';

const REGION_VERSION = 11n;
const MIN_REGION_BYTES = 64;
const MAX_REGION_BYTES = 4096;
const INITIALIZING = 1n;

const MAX_BASE_ID = 65_535;
const BASE_ID_TRIES = 100;

export type FlagState =
  /** The bit is not set. */
  | 'clear'
  /** The bit is set: a process is starting, or one died while it was. */
  | 'initializing'
  /** No region, or not one we know: no epoch above 0 can start. */
  | 'unknown';

/** What the supervisor needs of the regions. */
export interface SharedMemory {
  /** Why hot restarts cannot work here; undefined when they can. */
  unusable(): Promise<string | undefined>;
  /** A base id nobody uses, 1 to 65535. Never 0: other Envoys on the machine take it by default. */
  freeBaseId(random: () => number): Promise<number>;
  flag(baseId: number): Promise<FlagState>;
  /**
   * Clears the bit a dead child left. Only when the child's exit was seen and no other process is starting.
   *
   * @returns the state afterwards
   */
  repair(baseId: number): Promise<FlagState>;
  /** Removes the region when no process of ours is left; not that of another Envoy with this base id. */
  unlink(baseId: number): Promise<void>;
}

/**
 * @param directory normally `/dev/shm`
 * @param socketList normally `/proc/net/unix`
 */
export function sharedMemory(directory = '/dev/shm', socketList = '/proc/net/unix'): SharedMemory {
  const region = (baseId: number): string => regionPath(directory, baseId);
  return {
    unusable: () => tryToWrite(join(directory, `.sidecar-agent-${crypto.randomUUID()}`)),
    freeBaseId: (random) => freeBaseId(region, socketList, random),
    flag: async (baseId) => (await withFlags(region(baseId), 'r', readFlag)) ?? 'unknown',
    repair: async (baseId) => (await withFlags(region(baseId), 'r+', clearFlag)) ?? 'unknown',
    unlink: async (baseId) => {
      if (!hasSocket(await socketsIn(socketList), baseId)) await rm(region(baseId), { force: true });
    },
  };
}

/** @param directory normally `/dev/shm` */
export function regionPath(directory: string, baseId: number): string {
  return join(directory, `envoy_shared_memory_${baseId * 10}`);
}

/** The region's size is known only to Envoy; a page is what it takes of the file system. */
async function tryToWrite(probe: string): Promise<string | undefined> {
  try {
    const file = await open(probe, 'wx', 0o600);
    try {
      await file.write(Buffer.alloc(MAX_REGION_BYTES));
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function freeBaseId(
  region: (baseId: number) => string,
  socketList: string,
  random: () => number,
): Promise<number> {
  const sockets = await socketsIn(socketList);
  for (let attempt = 0; attempt < BASE_ID_TRIES; attempt += 1) {
    const baseId = 1 + Math.floor(random() * MAX_BASE_ID);
    if (!(await exists(region(baseId))) && !hasSocket(sockets, baseId)) return baseId;
  }
  throw new AgentError(`no free base id in ${BASE_ID_TRIES} tries; set ENVOY_BASE_ID`);
}

/** Without the list Envoy's own bind still tells. */
function socketsIn(socketList: string): Promise<string> {
  return readFile(socketList, 'utf8').catch(() => '');
}

/**
 * Whether an Envoy of this base id is alive. Socket names end in base id times ten plus epoch modulo three; the kernel
 * pads them with `@`.
 *
 * @param sockets text of `/proc/net/unix`
 */
export function hasSocket(sockets: string, baseId: number): boolean {
  return new RegExp(`_(?:parent|child)_(?:${baseId * 10}|${baseId * 10 + 1}|${baseId * 10 + 2})(?!\\d)`).test(
    sockets,
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

type FlagsWork = (file: FileHandle, flagsAt: number) => Promise<FlagState>;

/** Undefined when there is no region, or one whose layout is not the known one: then nothing is touched. */
async function withFlags(path: string, mode: string, work: FlagsWork): Promise<FlagState | undefined> {
  let file;
  try {
    file = await open(path, mode);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const head = Buffer.alloc(16);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (bytesRead !== head.length || head.readBigUInt64LE(8) !== REGION_VERSION) return undefined;
    const size = Number(head.readBigUInt64LE(0));
    if (size < MIN_REGION_BYTES || size > MAX_REGION_BYTES || size !== (await file.stat()).size)
      return undefined;
    return await work(file, size - 8);
  } finally {
    await file.close();
  }
}

async function readFlag(file: FileHandle, flagsAt: number): Promise<FlagState> {
  return ((await readFlags(file, flagsAt)) & INITIALIZING) === 0n ? 'clear' : 'initializing';
}

async function clearFlag(file: FileHandle, flagsAt: number): Promise<FlagState> {
  const flags = await readFlags(file, flagsAt);
  if ((flags & INITIALIZING) === 0n) return 'clear';
  const cleared = Buffer.alloc(8);
  cleared.writeBigUInt64LE(flags & ~INITIALIZING);
  await file.write(cleared, 0, cleared.length, flagsAt);
  return readFlag(file, flagsAt);
}

async function readFlags(file: FileHandle, flagsAt: number): Promise<bigint> {
  const bytes = Buffer.alloc(8);
  await file.read(bytes, 0, bytes.length, flagsAt);
  return bytes.readBigUInt64LE(0);
}
