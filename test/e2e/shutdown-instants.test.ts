// Agents that are told to end in the middle of something: each ends in time, and leaves nothing. A few of them; many
// more are in test/verify.

import { deepEqual } from 'node:assert/strict';

import { namespaceObstacle } from '../iptables/network-namespace.ts';
import { endManyInTheMiddle } from './support/shutdown/instants.ts';
import type { SituationName } from './support/shutdown/situations.ts';

const SEED = 8;
const PLACES = 4;

describe('an agent that is told to end in the middle of something', function () {
  this.timeout(180_000);

  it('ends in the time its settings give, with nothing left behind', async () => {
    const names: SituationName[] = [
      'first instants',
      'start',
      'handoff',
      'spoiled restart',
      'rotation',
      'crash',
      'stopped Envoy',
      'drain',
    ];
    const obstacle = namespaceObstacle();
    if (obstacle === undefined) names.push('silent resolver', 'hanging admin port');
    else console.log(`      a silent resolver and a hanging admin port are not tried: ${obstacle}`);

    const { faults } = await endManyInTheMiddle(names, SEED, PLACES);

    deepEqual(faults, [], `seed ${SEED}`);
  });
});
