// Child processes on node:child_process alone; what init commands load.

import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';

import type { Child, Command, Exit } from './spawn.ts';

export function nodeSpawn(command: Command): Promise<Child> {
  const { promise, resolve, reject } = Promise.withResolvers<Child>();
  const child = spawn(command.file, [...command.args], {
    stdio: command.sharesStdio === true ? 'inherit' : ['pipe', command.stdout ?? 'pipe', 'pipe'],
    detached: command.detached ?? false,
    ...(command.env && { env: { ...command.env } }),
    ...(command.cwd !== undefined && { cwd: command.cwd }),
    ...(command.uid !== undefined && { uid: command.uid }),
    ...(command.gid !== undefined && { gid: command.gid }),
  });
  const exited = new Promise<Exit>((done) => {
    child.once('close', (code, signal) => done({ code, signal }));
  });
  child.once('error', reject);
  child.once('spawn', () => {
    child.off('error', reject);
    child.on('error', () => undefined); // a failed kill: `signal` has returned false already
    resolve({
      pid: child.pid ?? -1,
      stdout: child.stdout ?? Readable.from([]),
      stderr: child.stderr ?? Readable.from([]),
      exited,
      signal: (name) => child.kill(name),
    });
  });
  child.stdin?.on('error', () => undefined); // a child that never reads its input: its exit tells the story
  child.stdin?.end(command.input ?? '');
  return promise;
}
