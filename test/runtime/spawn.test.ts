import { deepEqual, equal, rejects } from 'node:assert/strict';
import { readFile, readlink } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';

import { execaSpawn } from '../../src/runtime/execa-spawn.ts';
import { nodeSpawn } from '../../src/runtime/node-spawn.ts';

for (const [name, spawn] of Object.entries({ nodeSpawn, execaSpawn })) {
  describe(name, () => {
    it('gives output, input and exit code', async () => {
      const child = await spawn({ file: '/bin/sh', args: ['-c', 'cat; echo err >&2; exit 7'], input: 'in' });

      const [stdout, stderr, exit] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        child.exited,
      ]);

      deepEqual({ stdout, stderr, exit }, { stdout: 'in', stderr: 'err\n', exit: { code: 7, signal: null } });
    });

    it('tells which signal ended the child, and that it is gone', async () => {
      const child = await spawn({ file: '/bin/sleep', args: ['60'] });

      equal(child.signal('SIGKILL'), true);
      const exit = await child.exited;

      deepEqual(exit, { code: null, signal: 'SIGKILL' });
      equal(child.signal('SIGTERM'), false);
    });

    it('gives the child only the environment it was told', async () => {
      const child = await spawn({ file: '/usr/bin/env', args: [], env: { ONLY: 'this' } });

      equal(await text(child.stdout), 'ONLY=this\n');
      await child.exited;
    });

    it('lets a child open /dev/stdout by name when its output is not a pipe of Node', async () => {
      const child = await spawn({ file: '/bin/sh', args: ['-c', 'echo x > /dev/stdout'], stdout: 'ignore' });

      deepEqual(await child.exited, { code: 0, signal: null });
      equal(await text(child.stdout), '');
    });

    it('lets a child share what this process reads and writes', async () => {
      const files = (pid: number): Promise<string[]> =>
        Promise.all([0, 1, 2].map((fd) => readlink(`/proc/${pid}/fd/${fd}`)));

      const child = await spawn({ file: '/bin/sleep', args: ['60'], sharesStdio: true });

      deepEqual(await files(child.pid), await files(process.pid));
      deepEqual([await text(child.stdout), await text(child.stderr)], ['', '']);
      child.signal('SIGKILL');
      await child.exited;
    });

    it('rejects with the system error when the file is missing', async () => {
      await rejects(spawn({ file: '/nonexistent/tool', args: [] }), { code: 'ENOENT' });
    });
  });
}

describe('execaSpawn of a process on trial', () => {
  const score = (pid: number | string): Promise<string> => readFile(`/proc/${pid}/oom_score_adj`, 'utf8');

  it('has the kernel end it first when memory runs out, until it is kept', async () => {
    const child = await execaSpawn({ file: '/bin/sleep', args: ['60'], onTrial: true });

    while ((await score(child.pid)) !== '1000\n') await setImmediate();
    child.keep?.();

    while ((await score(child.pid)) !== (await score('self'))) await setImmediate();
    child.signal('SIGKILL');
    await child.exited;
  });

  it('loses nothing of what that one prints at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const child = await execaSpawn({ file: '/bin/echo', args: ['here'], onTrial: true });

      equal(await text(child.stdout), 'here\n');
    }
  });

  it('leaves every other process as it is', async () => {
    const child = await execaSpawn({ file: '/bin/sleep', args: ['60'] });

    equal(await score(child.pid), await score('self'));
    equal(child.keep, undefined);
    child.signal('SIGKILL');
    await child.exited;
  });
});
