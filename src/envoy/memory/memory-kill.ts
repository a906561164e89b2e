// Whether the kernel killed an Envoy for want of memory. SIGKILL alone does not tell; the kernel's own count of such
// kills, before the process and after it, does.

import { readOwnMemoryGroup, type CgroupPlaces } from './own-cgroup.ts';

/** `certain`: the kernel counted a kill. `possible`: nobody counts. `no`: it counted none. */
export type MemoryKill = 'certain' | 'possible' | 'no';

/** Undefined when the kernel does not tell. */
export type CountOomKills = () => Promise<number | undefined>;

/** Kills for want of memory in this process's own control group so far. */
export async function oomKills(places?: CgroupPlaces): Promise<number | undefined> {
  const text = await readOwnMemoryGroup({ v2: 'memory.events', v1: 'memory.oom_control' }, places);
  const count = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
  return count === undefined ? undefined : Number(count);
}

/**
 * @param before counted before the process was started
 * @param after counted when it had ended by SIGKILL
 */
export function memoryKill(before: number | undefined, after: number | undefined): MemoryKill {
  if (before === undefined || after === undefined) return 'possible';
  return after > before ? 'certain' : 'no';
}

/** One line for the log. */
export function describeMemoryKill(kill: MemoryKill): string {
  switch (kill) {
    case 'certain':
      return 'Envoy was killed by the kernel: out of memory. Check memory usage and limits.';
    case 'possible':
      return 'Envoy may have been out of memory killed. Check memory usage and limits.'; // upstream's words
    case 'no':
      return 'Envoy was killed by somebody: the kernel counts no out of memory kill in this container';
  }
}
