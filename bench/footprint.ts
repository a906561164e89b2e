// What a running process takes, as the kernel counts it.

import { readFile, writeFile } from 'node:fs/promises';

export interface Footprint {
  /** MiB, likewise the next. */
  readonly resident: number;
  /** What would be free without the process. */
  readonly private: number;
  /** What it has allocated, without files and programs it has mapped. */
  readonly anonymous: number;
}

export async function footprint(pid: number): Promise<Footprint> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return {
    resident: mebibytes(rollup, 'Rss'),
    private: mebibytes(rollup, 'Private_Clean') + mebibytes(rollup, 'Private_Dirty'),
    anonymous: mebibytes(rollup, 'Anonymous'),
  };
}

/** Most it was resident since its start or since `forgetPeak`, MiB. */
export async function peakOf(pid: number): Promise<number> {
  return mebibytes(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmHWM');
}

export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

/** Of the kernel's accounting: USER_HZ is 100 on every machine Node runs on. */
const TICK_MS = 10;

/** Of all threads since the start, milliseconds. */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user = NaN, system = NaN] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
  return (user + system) * TICK_MS;
}

function mebibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024;
}
