// The supervisor with real processes: the fake Envoy speaks the restart protocol over real sockets, its region
// is a real file, and its admin port a real port.

import { deepEqual, equal, match } from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RestartOutcome } from '../../src/envoy/restart/restart-outcome.ts';
import { AdminClient, freshConnections } from '../../src/envoy/admin/admin-client.ts';
import { openLifeline } from '../../src/envoy/admin/lifeline.ts';
import { DEFAULT_TIMING, type EnvoySettings } from '../../src/envoy/settings.ts';
import { sharedMemory } from '../../src/envoy/memory/shared-memory.ts';
import { EnvoySupervisor } from '../../src/envoy/supervisor.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { BootstrapLaunch } from '../../src/envoy/process/written-bootstrap.ts';
import { execaSpawn } from '../../src/runtime/execa-spawn.ts';
import { recordingLog } from '../support/recording-log.ts';
import type { FakeBootstrap } from './fixtures/fake/script.ts';
import { FakeEnvoyFolder } from './support/fake-envoy.ts';
import { argumentSettings, shutdown, writtenBootstrap } from './support/settings.ts';

const timing = { ...DEFAULT_TIMING, livePollMs: 10 };

/** Runs the test with a live fake Envoy, and ends it whatever happens. */
async function withEnvoy(
  folder: FakeEnvoyFolder,
  fakes: readonly FakeBootstrap['fake'][],
  test: (supervisor: EnvoySupervisor) => Promise<void>,
  parentShutdownDurationMs = 2000,
): Promise<void> {
  const settings: EnvoySettings = folder.settings({ timing, shutdown: shutdown({ terminationDrainMs: 10 }) });
  const supervisor = new EnvoySupervisor(
    {
      clock: systemClock(),
      spawn: execaSpawn,
      log: recordingLog().log,
      random: Math.random,
      output: () => undefined,
      writeBootstrap: (launch) => {
        const fake = fakes[launch.generation];
        const document = { listeners: ['in'], ...(fake && { fake }) };
        const write = (each: BootstrapLaunch): Promise<string> =>
          folder.bootstrap(`envoy-rev${each.epoch}.json`, document);
        return writtenBootstrap(launch, write, { arguments: argumentSettings({ parentShutdownDurationMs }) });
      },
      removeBootstrap: (path) => rm(path, { force: true }),
      xdsReady: () => ({ ok: true, reason: '' }),
      memory: sharedMemory(folder.path, '/dev/null'),
    },
    settings,
  );
  const stop = new AbortController();
  const ended = supervisor.run(stop.signal);
  try {
    await untilLive(supervisor);
    await test(supervisor);
  } finally {
    stop.abort();
    await ended;
  }
}

async function untilLive(supervisor: EnvoySupervisor): Promise<void> {
  while (supervisor.snapshot().active === undefined) await sleep(5);
}

const why = (outcome: RestartOutcome): string => ('why' in outcome ? outcome.why : '');

describe('EnvoySupervisor with processes', () => {
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

    await withEnvoy(folder, [], test, 60_000);
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

    await withEnvoy(folder, [], async (supervisor) => {
      await supervisor.restart('test');
      deepEqual((await mine()).sort(), ['envoy-rev0.json', 'envoy-rev1.json', 'envoy_shared_memory_']);
    });

    deepEqual(await mine(), []);
  });
});
