// Ends of pods of every sort, with traffic of every kind and random settings: each comes when the settings say, leaves
// nothing, and cuts nothing that had the time to finish. A few of them; many more are in test/verify.

import { deepEqual, equal } from 'node:assert/strict';

import { playMatrix } from './support/shutdown/matrix.ts';

/** Draws two ends that wait for traffic, one for connections and one for requests. */
const SEED = 4739;
const PLACES = 3;

describe('the end of a pod', function () {
  this.timeout(180_000);

  it('comes when its settings say, leaves nothing, and cuts no answer that they let finish', async () => {
    const pairs = [
      ['sidecar', 'keep-alive'],
      ['gateway', 'long response'],
      ['native sidecar', 'HTTP/2'],
      ['job', 'stream'],
      ['gateway', 'TCP'],
      ['sidecar', 'idle'],
    ] as const;

    const { faults, waited } = await playMatrix(pairs, SEED, PLACES);

    deepEqual(faults, []);
    equal(waited, 2);
  });
});
