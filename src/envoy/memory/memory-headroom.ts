// Whether a second Envoy fits into the memory limit: for as long as an old one drains, what it has allocated is there
// twice. Its binary and other file pages are shared, so resident memory as a whole says too much.

import { readFile } from 'node:fs/promises';

import { readOwnMemoryGroup, type CgroupFile, type CgroupPlaces } from './own-cgroup.ts';

/** A second Envoy needs about what the first has, and a little for its start. */
const SAFETY = 1.2;
/** Version 1 writes a number near 2^63 where there is no limit. */
const NO_LIMIT_BYTES = 2 ** 60;

const LIMIT: CgroupFile = { v2: 'memory.max', v1: 'memory.limit_in_bytes' };
const USAGE: CgroupFile = { v2: 'memory.current', v1: 'memory.usage_in_bytes' };
const STATISTICS: CgroupFile = { v2: 'memory.stat', v1: 'memory.stat' };

export interface MemoryPlaces {
  /** Default: the system's. */
  readonly cgroup?: CgroupPlaces;
  /** Default `/proc`. */
  readonly processes?: string;
}

/** @returns why not, for people; undefined when it fits, or when nothing limits the memory */
export async function lackOfMemory(pid: number, places: MemoryPlaces = {}): Promise<string | undefined> {
  const limitBytes = numeric(await readOwnMemoryGroup(LIMIT, places.cgroup));
  if (limitBytes === undefined || limitBytes >= NO_LIMIT_BYTES) return undefined;
  const usedBytes = await inUse(places.cgroup);
  const anonymous = await anonymousBytes(pid, places.processes ?? '/proc');
  if (usedBytes === undefined || anonymous === undefined) return undefined;
  const [free, needed] = [limitBytes - usedBytes, SAFETY * anonymous];
  if (free >= needed) return undefined;
  const [has, limit] = [mebibytes(free), mebibytes(limitBytes)];
  return `a second Envoy needs about ${mebibytes(needed)} MiB, and ${has} of ${limit} MiB are free`;
}

/** Without cached files nobody uses: the kernel takes those back before it kills. */
async function inUse(cgroup: CgroupPlaces | undefined): Promise<number | undefined> {
  const usage = numeric(await readOwnMemoryGroup(USAGE, cgroup));
  if (usage === undefined) return undefined;
  const statistics = (await readOwnMemoryGroup(STATISTICS, cgroup)) ?? '';
  // version 1 has the line without `total_` too, for the group without those in it
  const cached = /^total_inactive_file (\d+)$/m.exec(statistics) ?? /^inactive_file (\d+)$/m.exec(statistics);
  return usage - (numeric(cached?.[1]) ?? 0);
}

async function anonymousBytes(pid: number, processes: string): Promise<number | undefined> {
  const ofFile = async (name: string): Promise<string> =>
    readFile(`${processes}/${pid}/${name}`, 'utf8').catch(() => ''); // another user's, or gone: no gate is closed by it
  const kilobytes =
    /^Anonymous:\s+(\d+) kB$/m.exec(await ofFile('smaps_rollup')) ??
    /^RssAnon:\s+(\d+) kB$/m.exec(await ofFile('status'));
  const value = numeric(kilobytes?.[1]);
  return value === undefined ? undefined : value * 1024;
}

/** Undefined for `max` and for nothing. */
function numeric(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function mebibytes(bytes: number): number {
  return Math.max(0, Math.round(bytes / 2 ** 20));
}
