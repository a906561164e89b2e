import * as fc from 'fast-check';

import { anyLifecycle } from './support/any-lifecycle.ts';
import { liveThrough } from './support/capture-lifecycle.ts';
import { namespaceObstacle } from '../iptables/network-namespace.ts';

const SEED = 7;
const LIVES = 4;
const obstacle = namespaceObstacle();

describe('the life of a capture in a network namespace', function () {
  this.timeout(300_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    random configurations are not tested: ${obstacle}`);
    return;
  }

  it(`leaves the state of before, whatever the ${LIVES} pairs of configurations and rules of others`, async () => {
    await fc.assert(fc.asyncProperty(anyLifecycle, liveThrough), {
      seed: SEED,
      numRuns: LIVES,
      endOnFailure: true,
    });
  });
});
