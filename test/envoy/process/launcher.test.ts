import { deepEqual, equal } from 'node:assert/strict';

import { Epoch } from '../../../src/envoy/process/epoch.ts';
import { isLive } from '../../../src/envoy/process/launcher.ts';
import type { Spawn } from '../../../src/runtime/spawn.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { EnvoyWorld } from '../support/envoy-world.ts';
import { ModelSupervisor } from '../support/model-supervisor.ts';
import { bootstrapAt } from '../support/settings.ts';

describe('isLive', () => {
  it('wants the state, the epoch and, when it is told, the base id of this process', async () => {
    const world = new EnvoyWorld(new FakeClock());
    const command = { file: 'envoy', args: [] };
    const bootstrap = bootstrapAt('b.json');
    const identity = { epoch: 2, generation: 5, baseId: 77, binaryId: undefined };
    const launch = { ...identity, configPath: bootstrap.path, bootstrap, reason: 'test', command };
    const { clock, spawn } = world;
    const deps = { clock, spawn, output: () => undefined, oomKills: async () => undefined };
    const epoch = await Epoch.start(launch, deps);
    const live = { state: 'LIVE', restartEpoch: 2, baseId: 77, hotRestartVersion: '11.104', concurrency: 2 };

    equal(isLive(live, epoch), true);
    equal(isLive({ ...live, baseId: undefined }, epoch), true);
    const others = [
      undefined,
      { ...live, state: 'INITIALIZING' },
      { ...live, restartEpoch: 1 },
      { ...live, restartEpoch: undefined },
      { ...live, baseId: 78 },
    ];
    deepEqual(
      others.map((info) => isLive(info, epoch)),
      [false, false, false, false, false],
    );
    world.envoys[0]?.end({ code: 0, signal: null });
    await epoch.exited;
  });
});

describe('Launcher', () => {
  it('has a bootstrap written only when the one of an ended Envoy is removed', async () => {
    const steps: string[] = [];
    const removal = Promise.withResolvers<void>();
    const subject = new ModelSupervisor(
      {},
      {
        writeBootstrap: ({ generation }) =>
          Promise.resolve(void steps.push(`write ${generation}`)).then(() => bootstrapAt('b.json')),
        removeBootstrap: () => removal.promise.then(() => void steps.push('removed')),
      },
    );
    await subject.start();

    subject.world.envoys[0]?.end({ code: null, signal: 'SIGKILL' });
    await subject.pass(400);
    deepEqual(steps, ['write 0']);
    removal.resolve();
    await subject.pass(200);

    deepEqual(steps, ['write 0', 'removed', 'write 1']);
    await subject.finish();
  });

  it('has an Envoy on trial until it took over from another, and every run that only looks at a bootstrap', async () => {
    const steps: string[] = [];
    const spawn: Spawn = async (command) => {
      const epoch = command.args[command.args.indexOf('--restart-epoch') + 1];
      const what = command.args.includes('--restart-epoch') ? `epoch ${epoch}` : 'look';
      steps.push(`${what} on trial: ${command.onTrial}`);
      const child = await subject.world.spawn(command);
      return Object.assign(child, { keep: () => void steps.push(`${what} is kept`) });
    };
    const subject: ModelSupervisor = new ModelSupervisor({}, { spawn });
    await subject.start();

    await subject.restart(1000);

    deepEqual(
      [...new Set(steps)],
      ['epoch 0 on trial: false', 'look on trial: true', 'epoch 1 on trial: true', 'epoch 1 is kept'],
    );
    await subject.finish();
  });
});
