// The supervisor with real processes: the fake Envoy speaks the restart protocol over real sockets, its region
// is a real file, and its admin port a real port.

import { deepEqual, equal, match } from 'node:assert/strict';
import { readdir } from 'node:fs/promises';

import type { RestartOutcome } from '../../src/envoy/restart/restart-outcome.ts';
import { AdminClient, freshConnections } from '../../src/envoy/admin/admin-client.ts';
import { openLifeline } from '../../src/envoy/admin/lifeline.ts';
import type { EnvoySupervisor } from '../../src/envoy/supervisor.ts';
import { FakeEnvoyFolder } from './support/fake-envoy.ts';
import { withEnvoy } from './support/supervised-fakes.ts';

/** An Envoy that drains is still there, however slow the machine is. */
const LONG_MS = 3_600_000;

const why = (outcome: RestartOutcome): string => ('why' in outcome ? outcome.why : '');

describe('EnvoySupervisor with processes', function () {
  this.timeout(120_000); // every start takes seconds where many processes want to run

  it('hands over in the order of the protocol, and the parent ends by its child', async () => {
    await using folder = await FakeEnvoyFolder.make();

    await withEnvoy(folder, [], async (supervisor) => {
      deepEqual(await supervisor.restart('one'), { kind: 'committed', epoch: 1, generation: 1 });
      deepEqual(await supervisor.restart('two'), { kind: 'committed', epoch: 2, generation: 2 });
    });

    const events = folder.journal().map(({ epoch, event }) => `${epoch} ${event}`);
    equal(
      events.slice(0, 12).join(', '),
      '0 started, 0 admin, 0 live, 1 started, 0 shutdown-admin, 0 pass-listen-socket, 1 admin, 1 live, ' +
        '0 drain-listeners, 0 terminate, 0 ended, 2 started',
    );
  });

  it('U19: knows the new epoch by a new connection, while a kept one is still answered by the old', async () => {
    await using folder = await FakeEnvoyFolder.make();
    const address = folder.settings().admin;

    const test = async (supervisor: EnvoySupervisor): Promise<void> => {
      await using kept = await openLifeline(address);

      const committed = await supervisor.restart('test');

      deepEqual(committed, { kind: 'committed', epoch: 1, generation: 1 });
      const fresh = new AdminClient(freshConnections(address));
      equal((await fresh.serverInfo()).restartEpoch, 1);
      deepEqual(await kept.admin.serverInfo().then(({ restartEpoch, state }) => ({ restartEpoch, state })), {
        restartEpoch: 0,
        state: 'LIVE',
      });
    };

    await withEnvoy(folder, [], test, LONG_MS);
  });

  it('keeps the old epoch when the new one fails before it spoke to it, at the same number next time', async () => {
    await using folder = await FakeEnvoyFolder.make();

    await withEnvoy(folder, [undefined, 'poison-early'], async (supervisor) => {
      const outcome = await supervisor.restart('bad');

      equal(outcome.kind, 'rolled-back');
      match(why(outcome), /exit code 1 before it was live: no such cluster/);
      equal(supervisor.snapshot().phase, 'running');
      deepEqual(await supervisor.restart('good'), { kind: 'committed', epoch: 1, generation: 2 });
    });
  });

  it('wins the admin port back before the next restart when a failed candidate took it away', async () => {
    await using folder = await FakeEnvoyFolder.make();

    await withEnvoy(folder, [undefined, 'poison-runtime'], async (supervisor) => {
      equal((await supervisor.restart('bad')).kind, 'rolled-back');

      deepEqual(await supervisor.restart('next'), { kind: 'committed', epoch: 2, generation: 3 });

      const { draining, history } = supervisor.snapshot();
      const repaired = [...draining, ...history].find(({ generation }) => generation === 2);
      deepEqual([repaired?.reason, repaired?.epoch], ['the admin port was lost', 1]);
      const terms = folder.journal().filter(({ event }) => event === 'SIGTERM');
      deepEqual(terms, []);
    });
  });

  it('leaves no region and no bootstrap behind', async () => {
    await using folder = await FakeEnvoyFolder.make();
    const mine = async (): Promise<string[]> =>
      (await readdir(folder.path))
        .filter((name) => name.startsWith('envoy'))
        .map((name) => name.replace(/\d+$/, ''));

    const test = async (supervisor: EnvoySupervisor): Promise<void> => {
      await supervisor.restart('test');
      deepEqual((await mine()).sort(), [
        'envoy-regions.json',
        'envoy-rev0.json',
        'envoy-rev1.json',
        'envoy_shared_memory_',
      ]);
    };

    await withEnvoy(folder, [], test, LONG_MS);

    deepEqual(await mine(), []);
  });
});
