// The restarts of test/e2e/agent-restarts.test.ts, long enough for a leak or a rare race to show.

import { deepEqual, ok } from 'node:assert/strict';

import { describeLoad } from '../e2e/support/load/load.ts';
import { failedAsExpected, nothingFailed, nothingLeaked } from '../e2e/support/restart-checks.ts';
import { failuresUnderLoad, restartsUnderLoad, type Run } from '../e2e/support/restart-runs.ts';

const RESTARTS = 200;
const FAILURES = 50;
const GROWTH_LIMIT_MB = 30;

/** Little room for garbage: what the agent's memory grows by is what it keeps. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=1' };

describe('restarts by the agent under load, many times', () => {
  it(`R1, R4: hands over ${RESTARTS} times without a failed request or a refused connection, and the agent does not grow`, async () => {
    const run = await restartsUnderLoad(RESTARTS, SMALL_HEAP);

    tell(`${RESTARTS} restarts`, run);
    deepEqual(run.outcomes, Array(RESTARTS).fill('committed'));
    nothingFailed(run.load);
    nothingLeaked(run);
    memoryIsBounded(run);
  });

  it(`R5, R8, R9: serves on through ${FAILURES} candidates that are refused or killed`, async () => {
    const run = await failuresUnderLoad(FAILURES, SMALL_HEAP);

    tell(`${FAILURES} failed restarts, each followed by one that works`, run);
    failedAsExpected(run.restarts, FAILURES);
    nothingFailed(run.load);
    nothingLeaked(run);
    memoryIsBounded(run);
  });
});

function tell(what: string, { load, early, late }: Run): void {
  console.log(`${what}\n${describeLoad(load)}\nagent after 2 rounds and at the end:`, early, late);
}

function memoryIsBounded({ early, late }: Run): void {
  ok(late.privateMb - early.privateMb < GROWTH_LIMIT_MB, `${early.privateMb} MB became ${late.privateMb} MB`);
}
