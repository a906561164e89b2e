// The end of real processes, in every phase: nothing of them is left. The fake Envoy has a real region and real files.

import { deepEqual, ok, throws } from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { EnvoySupervisor } from '../../../src/envoy/supervisor.ts';
import type { Phase } from '../../../src/envoy/snapshot.ts';
import type { Marker } from '../fixtures/fake/script.ts';
import { FakeEnvoyFolder } from '../support/fake-envoy.ts';
import { supervisorOfFakes } from '../support/supervised-fakes.ts';

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(2);
}

/** Every file of Envoy or about it. */
async function envoyFiles({ path }: FakeEnvoyFolder): Promise<readonly string[]> {
  return (await readdir(path)).filter((name) => name.startsWith('envoy'));
}

describe('the end of real processes', function () {
  this.timeout(120_000);

  for (const [phase, fakes, restarts] of [
    ['starting', ['hang'], false],
    ['running', [], false],
    ['handoff', [undefined, 'hang'], true],
    ['backoff', Array.from({ length: 10 }, () => 'poison-live'), false], // a longer one, should the first be missed
  ] as const satisfies readonly (readonly [Phase, readonly (Marker | undefined)[], boolean])[]) {
    it(`leaves no process, no region and no file in phase ${phase}`, async () => {
      await using folder = await FakeEnvoyFolder.make();
      const supervisor = supervisorOfFakes(folder, fakes);
      const stop = new AbortController();
      const ended = supervisor.run(stop.signal);
      await until(() => supervisor.snapshot()[restarts ? 'active' : 'candidate'] !== undefined);
      if (restarts) void supervisor.restart('test');
      await until(() => supervisor.snapshot().phase === phase);
      if (phase === 'handoff') await until(() => supervisor.snapshot().candidate !== undefined);

      supervisor.skipDrain();
      stop.abort(new Error('received signal: terminated'));
      await ended;

      deepEqual(await envoyFiles(folder), []);
      assertGone(supervisor);
    });
  }
});

function assertGone(supervisor: EnvoySupervisor): void {
  const { history } = supervisor.snapshot();
  ok(history.length > 0);
  for (const { pid } of history) throws(() => process.kill(pid, 0), { code: 'ESRCH' });
}
