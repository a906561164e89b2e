// The stand-in itself: what other tests take for granted of it. Its texts and exit codes are compared with the measured
// ones by the conformance area envoy-lifecycle.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';

import { AdminClient, freshConnections } from '../../src/envoy/admin/admin-client.ts';
import { openLifeline } from '../../src/envoy/admin/lifeline.ts';
import { DataBroker } from './fixtures/fake/broker.ts';
import { TEXTS } from './fixtures/fake/facts.ts';
import type { FakeBootstrap } from './fixtures/fake/script.ts';
import { FakeStage } from './support/fake-stage.ts';

const BASE_ID = 7;

async function stageWith(bootstrap: Partial<FakeBootstrap>): Promise<FakeStage> {
  const stage = await FakeStage.make();
  await writeFile(stage.bootstrap, JSON.stringify({ adminPort: stage.adminPort, ...bootstrap }));
  return stage;
}

describe('the fake Envoy', function () {
  this.timeout(60_000);

  for (const [marker, checks, serving] of [
    ['poison', [1, 1], 1],
    ['poison-early', [0, 0], 1],
    ['poison-runtime', [0, 0], 1],
    ['poison-port', [0, 1], 1],
    ['poison-clusters', [0, 0], 0],
  ] as const) {
    it(`fails over ${marker} where it should: validate, init_only, serving`, async () => {
      await using stage = await stageWith({ fake: marker });
      const check = async (mode: string): Promise<number | null> =>
        (await stage.run(['-c', stage.bootstrap, '--mode', mode]).ended).code;

      deepEqual([await check('validate'), await check('init_only')], checks);
      const { code } = await stage.start(0, BASE_ID).ended;

      equal(code, serving);
      equal(await stage.flagAt(BASE_ID, 96), 1n);
    });
  }

  it('crashes a second after LIVE over poison-live', async () => {
    await using stage = await stageWith({ fake: 'poison-live' });

    const { signal } = await (await stage.serve(0, BASE_ID)).ended;

    equal(signal, 'SIGSEGV');
    equal(await stage.flagAt(BASE_ID, 96), 0n);
  });

  it('answers on a connection it had accepted when its child has the admin port', async () => {
    await using stage = await FakeStage.make();
    const address = { host: '127.0.0.1', port: stage.adminPort };
    await stage.serve(0, BASE_ID, ['--parent-shutdown-time-s', '900']);
    await using kept = await openLifeline(address);

    await stage.serve(1, BASE_ID, ['--parent-shutdown-time-s', '900']);

    equal((await kept.admin.serverInfo()).restartEpoch, 0);
    equal((await new AdminClient(freshConnections(address)).serverInfo()).restartEpoch, 1);
  });

  it('ends its parent first when it is told to end', async () => {
    await using stage = await FakeStage.make();
    const parent = await stage.serve(0, BASE_ID, ['--parent-shutdown-time-s', '900']);
    const child = await stage.serve(1, BASE_ID, ['--parent-shutdown-time-s', '900']);

    process.kill(child.pid, 'SIGTERM');
    const ends = await Promise.all([parent.ended, child.ended]);

    deepEqual(
      ends.map(({ code }) => code),
      [0, 0],
    );
    const events = stage.journal().map(({ epoch, event }) => `${epoch} ${event}`);
    ok(events.indexOf('0 terminate') < events.indexOf('1 ended'));
  });

  it('does not answer at its admin port while it waits for a parent that is gone, and then aborts', async () => {
    await using stage = await FakeStage.make();
    const parent = await stage.serve(0, BASE_ID, ['--parent-shutdown-time-s', '900']);
    const child = await stage.serve(1, BASE_ID, ['--parent-shutdown-time-s', '10']);

    await parent.kill();
    const { signal, stderr } = await child.ended;

    equal(signal, 'SIGABRT');
    match(stderr, new RegExp(TEXTS.sendRefused.replaceAll(/[()]/g, String.raw`\$&`)));
    await rejects(stage.ask('GET', '/ready'));
  });

  it('counts the requests every epoch served', async () => {
    await using stage = await stageWith({ data: true });
    await using broker = await DataBroker.open(stage.path);
    const get = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${broker.port}/`, { headers: { connection: 'close' } })).text();
    await stage.serve(0, BASE_ID);
    equal(await get(), 'epoch 0\n');

    await stage.serve(1, BASE_ID);

    deepEqual([await get(), await get()], ['epoch 1\n', 'epoch 1\n']);
    const served = stage.journal().filter(({ event }) => event === 'served');
    deepEqual(
      served.map(({ epoch }) => epoch),
      [0, 1, 1],
    );
    equal(broker.refused, 0);
  });
});
