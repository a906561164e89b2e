// One run of wrk, and what it says.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Rate {
  readonly perSecond: number;
  readonly p99Ms: number;
}

const CONNECTIONS = 16;
/** Few, because each probe of an application leaves the kernel a port to remember for a minute. */
const SECONDS = 3;

/** @throws Error when wrk is missing, or an answer was none or not 200 */
export async function wrk(url: string): Promise<Rate> {
  const words = ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '--latency', url];
  const { stdout } = await promisify(execFile)('wrk', words);
  const failures = /^\s*(Socket errors:.*|Non-2xx.*)$/m.exec(stdout)?.[1];
  if (failures !== undefined) throw new Error(`${url}: ${failures}`);
  const [, value = '', unit = ''] = /^\s*99%\s+([\d.]+)(us|ms|s)$/m.exec(stdout) ?? [];
  return {
    perSecond: Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(stdout)?.[1]),
    p99Ms: Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's'],
  };
}
