import { deepEqual, equal, rejects } from 'node:assert/strict';

import { systemClock } from '../../../src/runtime/clock.ts';
import { AdminClient } from '../../../src/envoy/admin/admin-client.ts';
import { Epoch, SpawnFailed, type EpochDeps, type EpochLaunch } from '../../../src/envoy/process/epoch.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import type { Spawn } from '../../../src/runtime/spawn.ts';
import { bootstrapAt } from '../support/settings.ts';

function launch(file: string, args: readonly string[]): EpochLaunch {
  const command = { file, args, detached: true };
  const bootstrap = bootstrapAt('b.json');
  const identity = { epoch: 0, generation: 0, baseId: 1, binaryId: undefined };
  return { ...identity, configPath: bootstrap.path, bootstrap, reason: 'test', command };
}

function deps(changes: Partial<EpochDeps> = {}): EpochDeps {
  const oomKills = async (): Promise<undefined> => undefined;
  return { clock: systemClock(), spawn: execaSpawn, output: () => undefined, oomKills, ...changes };
}

async function shell(script: string, lines: string[] = []): Promise<Epoch> {
  return Epoch.start(launch('/bin/sh', ['-c', script]), deps({ output: (line) => void lines.push(line) }));
}

describe('Epoch', () => {
  it('passes standard error on line by line and keeps the end of it', async () => {
    const lines: string[] = [];

    const epoch = await shell('for i in $(seq 60); do echo e$i >&2; done; exit 3', lines);
    const exit = await epoch.exited;

    deepEqual(exit, { code: 3, signal: null });
    equal(lines.length, 60);
    deepEqual([epoch.stderrLines.length, epoch.stderrLines[0], epoch.stderrLines.at(-1)], [50, 'e11', 'e60']);
  });

  it('has its state and exit when it is gone', async () => {
    const epoch = await shell('exec sleep 60');
    equal(epoch.alive, true);

    epoch.kill();
    const exit = await epoch.exited;

    deepEqual(exit, { code: null, signal: 'SIGKILL' });
    deepEqual([epoch.alive, epoch.state, epoch.asked], [false, 'exited', true]);
  });

  it('closes its lifeline when it is gone', async () => {
    const epoch = await shell('exit 0');
    let closed = 0;
    const close = (): Promise<void> => Promise.resolve(void (closed += 1));
    const admin = new AdminClient(() => Promise.reject(new Error('not asked')));
    epoch.lifeline = { admin, close, [Symbol.asyncDispose]: close };

    await epoch.exited;

    equal(closed, 1);
  });

  it('runs in a process group of its own', async () => {
    const lines: string[] = [];

    const epoch = await shell('ps -o pgid= -p $$ >&2', lines);
    await epoch.exited;

    equal(Number(lines[0]), epoch.pid);
  });

  it('tells a binary that will never start from a moment of need', async () => {
    const busy: Spawn = () => Promise.reject(Object.assign(new Error('spawn EAGAIN'), { code: 'EAGAIN' }));

    await rejects(
      Epoch.start(launch('/nonexistent/envoy', []), deps()),
      (error) => error instanceof SpawnFailed && !error.retryable,
    );
    await rejects(
      Epoch.start(launch('/bin/true', []), deps({ spawn: busy })),
      (error) => error instanceof SpawnFailed && error.retryable,
    );
  });

  it('is gone when its process is, although another one holds its output open', async () => {
    const lines: string[] = [];

    const epoch = await shell('sleep 60 & echo $! >&2; exit 4', lines);
    const exit = await epoch.exited;

    deepEqual(exit, { code: 4, signal: null });
    process.kill(Number(lines[0]), 'SIGKILL');
  });

  it('tells whether the kernel killed it for want of memory, unless the kill was its own', async () => {
    let kills = 0;
    const start = () => Epoch.start(launch('/bin/sleep', ['60']), deps({ oomKills: async () => kills }));
    const [killed, ended] = [await start(), await start()];

    kills += 1;
    process.kill(killed.pid, 'SIGKILL');
    ended.kill();
    await Promise.all([killed.exited, ended.exited]);

    deepEqual([killed.memoryKill, ended.memoryKill], ['certain', undefined]);
  });
});
