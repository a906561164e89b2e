import { deepEqual } from 'node:assert/strict';

import { Epoch } from '../../src/envoy/process/epoch.ts';
import { Roster } from '../../src/envoy/roster.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { EnvoyWorld } from './support/envoy-world.ts';
import { bootstrapAt } from './support/settings.ts';

async function startedEpoch(world: EnvoyWorld): Promise<Epoch> {
  const { clock, spawn } = world;
  const oomKills = async (): Promise<undefined> => undefined;
  const bootstrap = bootstrapAt('b.json');
  const identity = { epoch: 0, generation: 0, baseId: 1, binaryId: undefined };
  const command = { file: 'envoy', args: [] };
  const launch = { ...identity, configPath: bootstrap.path, bootstrap, reason: 'test', command };
  return Epoch.start(launch, { clock, spawn, oomKills, output: () => undefined });
}

describe('Roster', () => {
  it('is not settled while an Envoy has ended and nobody has noted it yet', async () => {
    const done: string[] = [];
    const clock = new FakeClock();
    const world = new EnvoyWorld(clock);
    const roster = new Roster({
      clock,
      log: recordingLog().log,
      level: 'info',
      removeBootstrap: async (path) => void done.push(`removed ${path}`),
      observer: { restarted: () => undefined, ended: () => undefined },
    });
    const epoch = await startedEpoch(world);
    roster.addCandidate(epoch);
    const settled = Promise.withResolvers<void>();
    const close = async (): Promise<void> => {
      void roster.settled().then(() => {
        done.push('settled');
        settled.resolve();
      });
    };
    epoch.lifeline = { admin: world.access.fresh, close, [Symbol.asyncDispose]: close };

    world.envoys[0]?.end({ code: 0, signal: null });
    await settled.promise;

    deepEqual(done, ['removed b.json', 'settled']);
  });
});
