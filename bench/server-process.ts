// A server in a process of its own, so that it takes no time from what is measured.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * @param words the program's file and its arguments; it prints `port <n>` once it listens
 * @param opened ends the process
 * @returns the port
 */
export async function startServer(words: readonly string[], opened: AsyncDisposableStack): Promise<number> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  opened.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return Number(/port (\d+)/.exec(line)?.[1]);
}
