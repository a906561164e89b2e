// The random faults of test/xds-proxy/faults.test.ts, many more of them.

import { tryFaults } from '../../xds-proxy/faults/fault-run.ts';

const RUNS = 10_000;

describe('streams of Envoys through random faults, many of them', () => {
  it(`lose and mix up nothing, and leave nothing behind, in ${RUNS} schedules`, () => tryFaults(RUNS));
});
