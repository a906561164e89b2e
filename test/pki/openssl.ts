// The system's openssl as a second opinion on what this project encodes.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Standard output and standard error together; rejects when openssl does not exit with 0. */
export async function openssl(args: readonly string[], input = ''): Promise<string> {
  const running = run('openssl', [...args]);
  running.child.stdin?.end(input);
  const { stdout, stderr } = await running;
  return stdout + stderr;
}
