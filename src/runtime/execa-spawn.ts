// Child processes on execa; what the long-running agent uses for Envoy.

import { Readable } from 'node:stream';

import { execa } from 'execa';

import { endFirst, endLikeThis } from './oom-score.ts';
import type { Child, Command, Exit } from './spawn.ts';

export async function execaSpawn(command: Command): Promise<Child> {
  const child = execa(command.file, [...command.args], {
    ...stdioOf(command),
    buffer: false,
    reject: false,
    cleanup: true,
    forceKillAfterDelay: false, // a SIGTERM is what was asked for, however long the process takes
    detached: command.detached ?? false,
    extendEnv: command.env === undefined,
    ...(command.env && { env: { ...command.env } }),
    ...(command.cwd !== undefined && { cwd: command.cwd }),
    ...(command.uid !== undefined && { uid: command.uid }),
    ...(command.gid !== undefined && { gid: command.gid }),
  });
  const exited = new Promise<Exit>((resolve) => {
    // not the end of its output, which a process it started may hold open
    child.nodeChildProcess.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const { pid, stdout, stderr } = child;
  if (pid === undefined) {
    const failed = await child;
    throw failed.originalMessage === undefined ? failed : (failed.cause ?? failed);
  }
  const putForward = command.onTrial ? endFirst(pid) : undefined; // not awaited: what nobody reads yet would be lost
  const none = Readable.from([]);
  return {
    pid,
    stdout: stdout ?? none,
    stderr: stderr ?? none,
    exited,
    signal: (name) => child.kill(name),
    ...(putForward && { keep: () => void putForward.then(() => endLikeThis(pid)) }),
  };
}

function stdioOf({ sharesStdio = false, stdout = 'pipe', input }: Command) {
  if (sharesStdio) return { stdin: 'inherit', stdout: 'inherit', stderr: 'inherit' } as const;
  const stdin = input === undefined ? 'ignore' : 'pipe';
  return { stdin, stdout, stderr: 'pipe', ...(input !== undefined && { input }) } as const;
}
