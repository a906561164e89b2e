// Names of what a kubelet makes on the machine. They say whose it is, so that what a killed run left behind can be told
// from what belongs to a run beside this one.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const PREFIX = 'kubelet';

/** Unique on this machine, and with it every name that begins with it: `kubelet-<pid>-<start>-<random>`. */
export async function ownPrefix(): Promise<string> {
  const start = await startTime(process.pid);
  return `${PREFIX}-${process.pid}-${start ?? 0}-${randomBytes(3).toString('hex')}`;
}

/** Whether a name is of a kubelet whose process is gone. */
export async function isLeftover(name: string): Promise<boolean> {
  const [, pid, start] = new RegExp(`^${PREFIX}-(\\d+)-(\\d+)-`).exec(name) ?? [];
  return start !== undefined && (await startTime(Number(pid))) !== Number(start);
}

/** When a process started, in the kernel's ticks since boot; undefined when there is none of that id. */
export async function startTime(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined); // no such process
  if (stat === undefined) return undefined;
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : Number(rest[18]);
}
