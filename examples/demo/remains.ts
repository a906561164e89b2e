// The names under which a run leaves traces, and how they are removed: at its end, and by the next run when it was
// killed before.

import { access, chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from './machine.ts';

/** Followed by the process id of the run. */
export const PREFIX = 'mesh-demo-';

const NETNS = '/run/netns';

/** A new folder of this run that other users may enter. */
export async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  await chmod(directory, 0o755);
  return directory;
}

/** Kills what runs in the namespace and removes it; does nothing when there is none. */
export async function removeNamespace(name: string): Promise<void> {
  const known = await access(join(NETNS, name)).then(
    () => true,
    () => false,
  );
  if (!known) return;
  const pids = (await run('ip', ['netns', 'pids', name])).split('\n').filter((line) => line !== '');
  for (const pid of pids) kill(Number(pid));
  await run('ip', ['netns', 'delete', name]);
}

/** Removes what earlier runs left that were killed before they could. */
export async function removeStale(): Promise<void> {
  const names = await readdir(NETNS).catch(() => []); // nobody has made a namespace yet
  for (const name of names) if (await isStale(name)) await removeNamespace(name);
  for (const name of await readdir(tmpdir())) {
    if (await isStale(name)) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Process ids come again, so the process must also be a demo for its things to be in use. */
async function isStale(name: string): Promise<boolean> {
  const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
  if (pid === undefined || Number(pid) === process.pid) return false;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''); // no such process
  return !commandLine.includes('demo/');
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself in the meantime
  }
}
