// Restarts of Envoy by the whole agent while clients send all the time: no request may fail, whatever becomes of
// the restart. The listener comes by xDS.

import { deepEqual, equal, match, ok } from 'node:assert/strict';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { failedAsExpected, nothingFailed, nothingLeaked } from './support/restart-checks.ts';
import { failuresUnderLoad, restartsUnderLoad } from './support/restart-runs.ts';
import { RestartingPod } from './support/restarting-pod.ts';

const RESTARTS = 20;
const FAILURES = 4;

describe('restarts by the agent under load', function () {
  this.timeout(300_000);

  it(`R1, R4: hands over ${RESTARTS} times without a failed request or a refused connection, and keeps nothing`, async () => {
    const run = await restartsUnderLoad(RESTARTS);

    deepEqual(run.outcomes, Array(RESTARTS).fill('committed'));
    equal(run.last.active?.epoch, RESTARTS);
    nothingFailed(run.load);
    nothingLeaked(run);
  });

  it(`R5, R8, R9: serves on through ${FAILURES} candidates that are refused or killed, and restarts after each`, async () => {
    const run = await failuresUnderLoad(FAILURES);

    failedAsExpected(run.restarts, FAILURES);
    nothingFailed(run.load);
    nothingLeaked(run);
  });
});

describe('agent whose control plane or Envoy is lost', function () {
  this.timeout(120_000);

  it('refuses a restart while the control plane is away and restarts when it is back', async () => {
    await using folder = await temporaryDirectory();
    await using pod = await RestartingPod.start(folder.path);
    await pod.stopControlPlane();

    equal(await pod.restart('POST /restart'), 'refused');

    match(await pod.pod.log(), /hot restart \(operator\) refused: the control plane is not connected/);
    equal(await answerOf(pod), 'hello');
    await pod.startControlPlane();
    // Envoy asks again in its own time, which may be half a minute
    await pod.until(() => pod.listenerAnswers().accepted > 0);
    equal(await pod.restart('POST /restart'), 'committed');
    equal(await answerOf(pod), 'hello');
  });

  it('serves again within two seconds after Envoy was killed', async () => {
    await using folder = await temporaryDirectory();
    await using pod = await RestartingPod.start(folder.path);
    const { active } = await pod.snapshot();
    const killedAtMs = performance.now();

    process.kill(active?.pid ?? 0, 'SIGKILL');

    await pod.until((snapshot) => snapshot.active !== undefined && snapshot.active.pid !== active?.pid);
    await pod.pod.until(async () => (await answerOf(pod)) === 'hello');
    const downMs = performance.now() - killedAtMs;
    ok(downMs < 2000, `${downMs} ms`);
    const { restarts, active: next } = await pod.snapshot();
    deepEqual(restarts, { committed: 0, refused: 0, rolledBack: 0, crashed: 1 });
    equal(next?.epoch, 0);
    match(await pod.pod.log(), /Envoy epoch 0 \(generation \d+\) ended: signal SIGKILL/);
  });
});

async function answerOf(pod: RestartingPod): Promise<string> {
  return (await fetch(pod.url)).text();
}
