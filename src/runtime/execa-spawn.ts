// Child processes on execa; what the long-running agent uses for Envoy.

import { Readable } from 'node:stream';

import { execa } from 'execa';

import type { Child, Command, Exit } from './spawn.ts';

export async function execaSpawn(command: Command): Promise<Child> {
  // execa takes each of the three, its overloads only the names
  const output = (command.output ?? 'pipe') as 'pipe';
  const child = execa(command.file, [...command.args], {
    stdio: [command.input === undefined ? 'ignore' : 'pipe', output, output],
    ...(command.input !== undefined && { input: command.input }),
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
  const { pid, stdout, stderr } = child;
  if (pid === undefined) {
    const failed = await child;
    throw failed.originalMessage === undefined ? failed : (failed.cause ?? failed);
  }
  const exited = child.then((result): Exit => ({
    code: result.exitCode ?? null,
    signal: result.signal ?? null,
  }));
  return {
    pid,
    stdout: stdout ?? empty(),
    stderr: stderr ?? empty(),
    exited,
    signal: (name) => child.kill(name),
  };
}

function empty(): Readable {
  return Readable.from([]);
}
