// Configuration that changes often: every change is accepted by Envoy and served, and the agent that passes it on
// does not grow with their number.

import { deepEqual, ok } from 'node:assert/strict';

import { holdingsOf, RestartingPod } from '../e2e/support/restarting-pod.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const PUSHES = 50;
const GROWTH_LIMIT_MB = 40;

describe('pushes of configuration', () => {
  it(`are served and accepted ${PUSHES} times out of ${PUSHES}, and leave no memory behind`, async () => {
    await using folder = await temporaryDirectory();
    await using pod = await RestartingPod.start(folder.path);
    const [before, answersBefore] = [await holdingsOf(pod.pod.pid), pod.listenerAnswers()];
    const startMs = performance.now();

    for (let push = 1; push <= PUSHES; push += 1) {
      await pod.push(`push ${push}`);
      await pod.pod.until(async () => (await newAnswer(pod.url)) === `push ${push}`);
    }

    const [after, answers] = [await holdingsOf(pod.pod.pid), pod.listenerAnswers()];
    const tookMs = Math.round(performance.now() - startMs);
    console.log(`${PUSHES} pushes in ${tookMs} ms; agent before and after:`, before, after);
    deepEqual(answers, { accepted: answersBefore.accepted + PUSHES, refused: 0 });
    ok(after.privateMb - before.privateMb < GROWTH_LIMIT_MB);
    ok(after.openFiles <= before.openFiles + 4);
  });
});

/** On a connection of its own: one that is kept may still belong to the listener's former state. */
async function newAnswer(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}
