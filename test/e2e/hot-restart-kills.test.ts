// Kills at random moments of a restart, a few of them: the agent and its clients get over each. Many of them are in
// test/verify.

import { equal } from 'node:assert/strict';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { killAgent } from './support/killed-agents.ts';
import { attackUnderLoad } from './support/random-kills.ts';
import { survived } from './support/restart-checks.ts';
import { isAlive } from './support/restart-processes.ts';
import { RestartingPod } from './support/restarting-pod.ts';
import { eventually } from './support/supervised-envoy.ts';

const QUICK = { proxyConfig: { drainDuration: '1s', parentShutdownDuration: '2s' } };

describe('kills at a random moment of a restart', function () {
  this.timeout(180_000);

  it('cost no request while the old Envoy serves, and else less than two seconds', async () => {
    await using folder = await temporaryDirectory();
    await using pod = await RestartingPod.start(folder.path, QUICK);

    survived(await attackUnderLoad(pod, ['starting', 'waiting', 'serving', 'stopped']));
  });

  it('of the agent leave no Envoy behind, and nothing that keeps the next agent from its work', async () => {
    await using folder = await temporaryDirectory();
    const envoys = await killAgent(folder.path, QUICK);

    await using next = await RestartingPod.start(folder.path, QUICK);

    // one that has to end its parent first tries that for ten seconds when the parent is gone already
    await eventually(() => !envoys.some(({ pid }) => isAlive(pid)));
    equal(await next.restart('POST /restart'), 'committed');
  });
});
