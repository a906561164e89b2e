// A supervisor over real processes of fixtures/fake-envoy, with their regions and files in one folder.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { regionLedger } from '../../../src/envoy/memory/region-ledger.ts';
import { sharedMemory } from '../../../src/envoy/memory/shared-memory.ts';
import type { BootstrapLaunch } from '../../../src/envoy/process/written-bootstrap.ts';
import { DEFAULT_TIMING } from '../../../src/envoy/settings.ts';
import type { EnvoySnapshot } from '../../../src/envoy/snapshot.ts';
import { EnvoySupervisor } from '../../../src/envoy/supervisor.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { FakeBootstrap } from '../fixtures/fake/script.ts';
import type { FakeEnvoyFolder } from './fake-envoy.ts';
import { argumentSettings, shutdown, writtenBootstrap } from './settings.ts';

const timing = { ...DEFAULT_TIMING, livePollMs: 10 };

/** @param fakes what is wrong with each Envoy, in the order of their starts */
export function supervisorOfFakes(
  folder: FakeEnvoyFolder,
  fakes: readonly FakeBootstrap['fake'][],
  parentShutdownDurationMs = 2000,
): EnvoySupervisor {
  const places = { memory: folder.path, sockets: '/dev/null', processes: '/proc' };
  return new EnvoySupervisor(
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
      memory: sharedMemory(places.memory, places.sockets),
      ledger: regionLedger(join(folder.path, 'envoy-regions.json'), places),
    },
    folder.settings({ timing, shutdown: shutdown({ terminationDrainMs: 10 }) }),
  );
}

/** Runs the test with a live fake Envoy, and ends it whatever happens. */
export async function withEnvoy(
  folder: FakeEnvoyFolder,
  fakes: readonly FakeBootstrap['fake'][],
  test: (supervisor: EnvoySupervisor) => Promise<void>,
  parentShutdownDurationMs?: number,
): Promise<void> {
  const supervisor = supervisorOfFakes(folder, fakes, parentShutdownDurationMs);
  const stop = new AbortController();
  const ended = supervisor.run(stop.signal);
  const isStarting = ({ active, phase }: EnvoySnapshot): boolean => active === undefined && phase !== 'done';
  try {
    while (isStarting(supervisor.snapshot())) await sleep(5);
    await test(supervisor);
  } finally {
    stop.abort();
    await ended;
  }
}
