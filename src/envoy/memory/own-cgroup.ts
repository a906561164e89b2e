// Files of the control group this process is in, and with it every process it starts: version 2, or the memory
// controller of version 1.

import { readTextIfExists } from '../../runtime/files.ts';

export interface CgroupPlaces {
  /** Normally `/proc/self/cgroup`. */
  readonly membership: string;
  /** Normally `/sys/fs/cgroup`. */
  readonly mount: string;
}

const SYSTEM: CgroupPlaces = { membership: '/proc/self/cgroup', mount: '/sys/fs/cgroup' };

/** The same figure is in another file in each version. */
export interface CgroupFile {
  readonly v2: string;
  readonly v1: string;
}

/**
 * Text of a file of the own memory group.
 *
 * @returns undefined when there is none, as outside of Linux and in the root group of version 2
 */
export async function readOwnMemoryGroup(
  file: CgroupFile,
  { membership, mount }: CgroupPlaces = SYSTEM,
): Promise<string | undefined> {
  const lines = ((await readable(membership)) ?? '').split('\n');
  for (const [controller, folder, name] of [
    ['memory', `${mount}/memory`, file.v1],
    ['', mount, file.v2],
  ] as const) {
    const path = lines.map((line) => groupOf(line, controller)).find((group) => group !== undefined);
    // a container may see the group it is in as the root of the mount
    for (const group of [path, '']) {
      const text = group === undefined ? undefined : await readable(`${folder}${group}/${name}`);
      if (text !== undefined) return text;
    }
  }
  return undefined;
}

/** `4:memory:/path` and `0::/path`; undefined for another controller. */
function groupOf(line: string, controller: string): string | undefined {
  const [, controllers = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
  if (path === undefined || !controllers.split(',').includes(controller)) return undefined;
  return path === '/' ? '' : path;
}

/** A group that may not be looked into is as good as none: what it says is only an explanation more. */
function readable(path: string): Promise<string | undefined> {
  return readTextIfExists(path).catch(() => undefined);
}
