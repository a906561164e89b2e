// The supervisor through lives nobody thought of. FUZZ_SEED repeats a run.

import { ok } from 'node:assert/strict';

import { tryLives } from './support/supervisor-lives.ts';

const STEPS = 10_000;

describe('a supervised life', () => {
  it(`U22: keeps its invariants through ${STEPS} random steps`, async function () {
    this.timeout(600_000);

    ok((await tryLives(STEPS)) >= STEPS);
  });
});
