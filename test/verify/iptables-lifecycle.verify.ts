// The lives and ends of test/e2e/iptables-lifecycle.test.ts and iptables-killed.test.ts, enough of them for a rare
// combination or an unlucky moment to show.

import * as fc from 'fast-check';

import { anyLifecycle } from '../e2e/support/any-lifecycle.ts';
import { liveThrough } from '../e2e/support/capture-lifecycle.ts';
import { killAndRepeat, stopInTheMiddle } from '../e2e/support/interrupted-captures.ts';

const LIVES = 200;
const ENDS = 40;

describe('capture in a network namespace, many times', () => {
  it(`leaves the state of before, whatever the ${LIVES} pairs of configurations and rules of others`, async () => {
    await fc.assert(fc.asyncProperty(anyLifecycle, liveThrough), { numRuns: LIVES, endOnFailure: true });
  });

  for (const variant of ['nft', 'legacy'] as const) {
    it(`is completed by the next run, killed ${ENDS} times (${variant})`, async () => {
      await killAndRepeat(variant, ENDS, Date.now() % 2 ** 31);
    });

    it(`leaves nothing half-done, told to end ${ENDS} times (${variant})`, async () => {
      await stopInTheMiddle(variant, ENDS, Date.now() % 2 ** 31);
    });
  }
});
