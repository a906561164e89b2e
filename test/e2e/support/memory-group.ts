// A control group of our own with a memory limit, of version 1 or 2, for processes that the test starts.

import { access, constants, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { CgroupPlaces } from '../../../src/envoy/memory/own-cgroup.ts';

const LAYOUTS = [
  { parent: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes' },
  { parent: '/sys/fs/cgroup', limit: 'memory.max', usage: 'memory.current' },
] as const;

const REMOVAL_TRIES = 100;

export class MemoryGroup implements AsyncDisposable {
  readonly #path: string;
  readonly #layout: (typeof LAYOUTS)[number];

  private constructor(path: string, layout: (typeof LAYOUTS)[number]) {
    this.#path = path;
    this.#layout = layout;
  }

  /** Undefined where no group can be made, as in a container without rights. */
  static async create(): Promise<MemoryGroup | undefined> {
    for (const layout of LAYOUTS) {
      const path = join(layout.parent, `sidecar-agent-test-${crypto.randomUUID()}`);
      const made = await mkdir(path).then(
        () => true,
        () => false,
      );
      if (!made) continue;
      if (await isWritable(join(path, layout.limit))) return new MemoryGroup(path, layout);
      await rmdir(path);
    }
    return undefined;
  }

  /** Words for Node that put its process into the group before anything else. */
  get nodeOptions(): readonly string[] {
    const file = JSON.stringify(join(this.#path, 'cgroup.procs'));
    const join_ = `import{writeFileSync}from"node:fs";writeFileSync(${file},String(process.pid))`;
    return ['--import', `data:text/javascript,${encodeURIComponent(join_)}`];
  }

  async usedBytes(): Promise<number> {
    return Number(await readFile(join(this.#path, this.#layout.usage), 'utf8'));
  }

  async limit(bytes: number): Promise<void> {
    await writeFile(join(this.#path, this.#layout.limit), String(Math.trunc(bytes)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let left = REMOVAL_TRIES; left > 0; left -= 1) {
      if (
        await rmdir(this.#path).then(
          () => true,
          () => false,
        )
      )
        return; // busy while a process of it ends
      await sleep(100);
    }
  }
}

/** The files of a group with too little memory for anything, for where no real one can be made. */
export async function writtenMemoryGroup(folder: string): Promise<CgroupPlaces> {
  const membership = join(folder, 'membership');
  await mkdir(join(folder, 'memory'), { recursive: true });
  await writeFile(membership, '4:memory:/\n');
  await writeFile(join(folder, 'memory/memory.limit_in_bytes'), '100000000\n');
  await writeFile(join(folder, 'memory/memory.usage_in_bytes'), '99000000\n');
  await writeFile(join(folder, 'memory/memory.stat'), 'total_inactive_file 0\n');
  return { membership, mount: folder };
}

function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}
