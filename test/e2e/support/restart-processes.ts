// The Envoys of an agent as the kernel sees them: which there are, who is whose successor, and who listens where.

import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';

export interface EnvoyProcess {
  readonly pid: number;
  readonly epoch: number;
  readonly baseId: number;
}

/** Serving Envoys among the children of a process; not those that only look at a bootstrap. */
export async function envoysOf(pid: number): Promise<EnvoyProcess[]> {
  const children = await read(`/proc/${pid}/task/${pid}/children`);
  const found = await Promise.all(children.split(' ').filter(Boolean).map(Number).map(envoyAt));
  return found.filter((envoy) => envoy !== undefined);
}

async function envoyAt(pid: number): Promise<EnvoyProcess | undefined> {
  const words = (await read(`/proc/${pid}/cmdline`)).split('\0');
  const value = (flag: string): number => Number(words[words.indexOf(flag) + 1]);
  if (!words.includes('--restart-epoch')) return undefined;
  return { pid, epoch: value('--restart-epoch'), baseId: value('--base-id') };
}

/** Hot-restart regions of shared memory that a process uses. */
export async function regionsOf(pid: number): Promise<string[]> {
  const maps = await read(`/proc/${pid}/maps`);
  return [...new Set(maps.match(/\/dev\/shm\/envoy_shared_memory_\d+/g))];
}

/** The processes among `pids` that listen at a TCP port. */
export async function listenersAt(port: number, pids: readonly number[]): Promise<number[]> {
  const inodes = await listeningInodes(port);
  const listening = await Promise.all(
    pids.map(async (pid) => (await socketsOf(pid)).some((inode) => inodes.has(inode))),
  );
  return pids.filter((_pid, index) => listening[index]);
}

const LISTEN = '0A';

async function listeningInodes(port: number): Promise<Set<string>> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await read('/proc/net/tcp')).split('\n').map((line) => line.trim().split(/\s+/));
  const ours = rows.filter(([, local = '', , state]) => local.endsWith(suffix) && state === LISTEN);
  return new Set(ours.map((columns) => columns[9] ?? ''));
}

async function socketsOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []); // the process has ended
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => ''))); // closed
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

/** What has ended is not alive, however long init takes to notice. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false; // there is no such process
  }
}

/** Empty when the process has ended. */
function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
