// The streams through faults nobody thought of. FUZZ_SEED repeats a run.

import { tryFaults } from './faults/fault-run.ts';

const RUNS = 400;

describe('streams of Envoys through random faults', () => {
  it(`lose and mix up nothing, and leave nothing behind, in ${RUNS} schedules`, async function () {
    this.timeout(300_000);

    await tryFaults(RUNS);
  });
});
