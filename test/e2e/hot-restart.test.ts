// The supervisor with the real Envoy: restarts under load, a killed Envoy, and an end that leaves nothing behind.
// Listeners are static; Envoys that fail around a restart, and the whole agent, have files of their own.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { BootstrapRefused } from '../../src/envoy/start/crash-policy.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { Load, totalOf } from './support/load/load.ts';
import { unheardOf } from './support/supervised-changes.ts';
import { SupervisedEnvoy } from './support/supervised-envoy.ts';

function startLoad(url: string): Load {
  return new Load({ url, clients: { kept: 8, oneShot: 2, http2: 2 }, pauseMs: 20 });
}

describe('EnvoySupervisor with the real Envoy', function () {
  this.timeout(60_000);

  it('hands over three times under load without a failed request', () =>
    SupervisedEnvoy.with(async (envoy) => {
      await using load = startLoad(envoy.url);

      for (const generation of [1, 2, 3]) {
        const outcome = await envoy.supervisor.restart('test');

        deepEqual(outcome, { kind: 'committed', epoch: generation, generation });
        await envoy.alone(generation);
      }

      const { sent, failures } = totalOf(await load.stop());
      deepEqual(failures, []);
      ok(sent > 500, `only ${sent} requests`);
      equal((await envoy.admin.serverInfo()).restartEpoch, 3);
    }));

  it('starts Envoy again after it was killed', () =>
    SupervisedEnvoy.with(async (envoy) => {
      process.kill(envoy.snapshot.active?.pid ?? 0, 'SIGKILL');

      await envoy.alone(1);

      deepEqual(
        envoy.snapshot.history.map(({ signal, asked }) => ({ signal, asked })),
        [{ signal: 'SIGKILL', asked: false }],
      );
      equal(await (await fetch(envoy.url)).text(), 'hi\n');
    }));

  it('drains and ends, also during a handoff overlap, and leaves nothing behind', async () => {
    await using folder = await temporaryDirectory();
    const envoy = await SupervisedEnvoy.prepare(await fetchEnvoy(), folder.path);
    const ended = envoy.run();
    await envoy.alone(0);
    await envoy.supervisor.restart('two at once');
    const region = `envoy_shared_memory_${(envoy.snapshot.baseId ?? 0) * 10}`;
    ok((await readdir('/dev/shm')).includes(region));

    await envoy.stop();

    deepEqual(await ended, { kind: 'drained' });
    deepEqual(
      envoy.snapshot.history.map(({ code, asked }) => ({ code, asked })),
      [
        { code: 0, asked: true },
        { code: 0, asked: true },
      ],
    );
    ok(!(await readdir('/dev/shm')).includes(region));
    const sockets = await readFile('/proc/net/unix', 'utf8');
    ok(!sockets.includes(`_${(envoy.snapshot.baseId ?? 0) * 10}`));
    deepEqual(await readdir(folder.path), []);
  });

  it('ends with the words of Envoy when it refuses the first bootstrap', async () => {
    await using folder = await temporaryDirectory();
    const envoy = await SupervisedEnvoy.prepare(await fetchEnvoy(), folder.path);
    envoy.change = unheardOf;

    await rejects(envoy.run(), (error) => {
      ok(error instanceof BootstrapRefused);
      match(error.message, /envoy-rev0\.json: .*un\.heard\.Of/);
      return true;
    });
  });
});
