// What the kernel charges the containers of pods with: their memory control groups, of version 1 or 2.

import { readlink } from 'node:fs/promises';
import { basename } from 'node:path';

import { readOwnMemoryGroup, type CgroupFile } from '../../src/envoy/memory/own-cgroup.ts';

/** MiB. */
export interface GroupMemory {
  /** All of it: what the limit is compared with. */
  readonly charged: number;
  /** Without files that nobody uses: what the kubelet shows and evicts by. */
  readonly workingSet: number;
  /** What processes have allocated, stacks and heaps. */
  readonly anonymous: number;
  /** Pages of files, those in memory volumes too; programs that others read first are charged to those. */
  readonly files: number;
  /** Of the kernel for the group: sockets, tables of pages. */
  readonly kernel: number;
}

const USAGE: CgroupFile = { v2: 'memory.current', v1: 'memory.usage_in_bytes' };
const STATISTICS: CgroupFile = { v2: 'memory.stat', v1: 'memory.stat' };
const KERNEL: CgroupFile = { v2: 'memory.stat', v1: 'memory.kmem.usage_in_bytes' };
const PROCESSES: CgroupFile = { v2: 'cgroup.procs', v1: 'cgroup.procs' };

/** @param pid of any process of the container */
export async function groupMemory(pid: number): Promise<GroupMemory> {
  const statistics = await textOf(pid, STATISTICS);
  // version 1 names some otherwise, and has lines with `total_` for the group with those in it
  const bytes = (v2: string, v1: string): number =>
    Number(new RegExp(`^(?:${v2}|total_${v1}) (\\d+)$`, 'm').exec(statistics)?.[1]);
  const charged = Number(await textOf(pid, USAGE));
  const kernel = await textOf(pid, KERNEL);
  return {
    charged: mebibytes(charged),
    workingSet: mebibytes(charged - bytes('inactive_file', 'inactive_file')),
    anonymous: mebibytes(bytes('anon', 'rss')),
    files: mebibytes(bytes('file', 'cache')),
    kernel: mebibytes(Number(/^kernel (\d+)$/m.exec(kernel)?.[1] ?? kernel)),
  };
}

/** Process ids of the container by the file name of their programs, such as `envoy`. */
export async function processesOf(pid: number): Promise<ReadonlyMap<string, number>> {
  const pids = (await textOf(pid, PROCESSES)).trim().split('\n').map(Number);
  return new Map(await Promise.all(pids.map(async (each) => [await programOf(each), each] as const)));
}

async function programOf(pid: number): Promise<string> {
  return basename(await readlink(`/proc/${pid}/exe`).catch(() => '')); // it has ended
}

async function textOf(pid: number, file: CgroupFile): Promise<string> {
  const places = { membership: `/proc/${pid}/cgroup`, mount: '/sys/fs/cgroup' };
  const text = await readOwnMemoryGroup(file, places);
  if (text === undefined) throw new Error(`process ${pid} has no memory control group with ${file.v1}`);
  return text;
}

function mebibytes(bytes: number): number {
  return bytes / 2 ** 20;
}
