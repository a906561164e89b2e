// A lock between processes that the kernel frees when its holder dies: `flock` holds it as long as its input is open.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Runs `work` while no other process that asks for the lock of this file runs its own. */
export async function withFileLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(path), { recursive: true });
  const holder = spawn('flock', ['--no-fork', path, 'sh', '-c', 'echo locked; exec cat']);
  const ended = once(holder, 'close');
  try {
    await Promise.race([once(holder.stdout, 'data'), ended.then(refuse)]);
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

function refuse(): never {
  throw new Error('flock ended before it had the lock');
}
