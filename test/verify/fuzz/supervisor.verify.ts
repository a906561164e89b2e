// The random lives of test/envoy/supervisor-lives.test.ts, many more of them.

import { ok } from 'node:assert/strict';

import { tryLives } from '../../envoy/support/supervisor-lives.ts';

const STEPS = 100_000;
const RUNS = 5;

describe('supervised lives, many of them', () => {
  for (let run = 1; run <= RUNS; run += 1) {
    it(`U22: keep their invariants through ${STEPS} random steps, run ${run}`, async () => {
      ok((await tryLives(STEPS)) >= STEPS);
    });
  }
});
