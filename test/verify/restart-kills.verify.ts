// The kills of test/e2e/hot-restart-kills.test.ts, many times: in every phase of a restart, of the old Envoy, of the
// agent, and Envoys that stand still.

import { deepEqual, equal, match, ok } from 'node:assert/strict';

import { Load, STEADY, totalOf } from '../e2e/support/load/load.ts';
import { FrozenThread } from '../e2e/support/frozen-thread.ts';
import { killAgent } from '../e2e/support/killed-agents.ts';
import { attackUnderLoad, type Attack, type AttackRun } from '../e2e/support/random-kills.ts';
import { survived } from '../e2e/support/restart-checks.ts';
import { isAlive } from '../e2e/support/restart-processes.ts';
import { RestartingPod } from '../e2e/support/restarting-pod.ts';
import { eventually } from '../e2e/support/supervised-envoy.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const QUICK = { proxyConfig: { drainDuration: '1s', parentShutdownDuration: '2s' } };
const SUCCESSORS = 50;
const OTHERS = 10;

describe('kills at random moments, many times', () => {
  it(`of a successor, ${SUCCESSORS} times in all phases, cost no request or less than two seconds`, async () => {
    const phases = ['starting', 'waiting', 'serving'] as const;

    await attack(
      Array.from({ length: SUCCESSORS }, (_, round) => phases[round % phases.length] ?? 'serving'),
    );
  });

  it(`of the old Envoy, and Envoys that stand still, ${OTHERS} times each, likewise`, () =>
    attack(Array.from({ length: 2 * OTHERS }, (_, round) => (round % 2 === 0 ? 'draining' : 'stopped'))));

  it(`of the agent, ${OTHERS} times, leave no Envoy behind and nothing that keeps the next one from its work`, async () => {
    await using folder = await temporaryDirectory();
    for (let round = 0; round < OTHERS; round += 1) {
      const envoys = await killAgent(folder.path, QUICK);
      await eventually(() => !envoys.some(({ pid }) => isAlive(pid)));
    }

    await using next = await RestartingPod.start(folder.path, QUICK);
    equal(await next.restart('POST /restart'), 'committed');
  });
});

describe('an Envoy that serves and does not answer at its admin port', () => {
  it('is not replaced, costs nothing, and is replaced when it answers again', async () => {
    await using folder = await temporaryDirectory();
    await using pod = await RestartingPod.start(folder.path, QUICK);
    await using load = new Load({ url: pod.url, ...STEADY });
    const { active } = await pod.snapshot();
    {
      await using _frozen = await FrozenThread.mainOf(active?.pid ?? 0);

      equal(await pod.restart('POST /restart'), 'refused');

      match(await pod.pod.log(), /refused: the active Envoy does not answer/);
      equal((await pod.snapshot()).active?.pid, active?.pid);
    }
    equal(await pod.restart('POST /restart'), 'committed');
    deepEqual(totalOf(await load.stop()).failures, []);
  });
});

async function attack(attacks: readonly Attack[]): Promise<void> {
  await using folder = await temporaryDirectory();
  await using pod = await RestartingPod.start(folder.path, QUICK);
  const run = await attackUnderLoad(pod, attacks);
  tell(run);
  survived(run);
  ok(run.attacks.length === attacks.length);
}

function tell({ attacks }: AttackRun): void {
  for (const { what, failures, longestOutageMs, startedAnew } of attacks) {
    const cost = `${failures.length} failed, nobody answered for ${Math.round(longestOutageMs)} ms`;
    console.log(`  ${what}: ${cost}${startedAnew ? ', started anew' : ''}`);
  }
}
