import assert from 'node:assert/strict';

import { namespaceObstacle } from '../../../iptables/network-namespace.ts';
import type { Backend } from '../pod-run.ts';
import { compareFlows, type Mode } from './explained-pod.ts';

const CASES: readonly (readonly [Backend, Mode])[] = [
  ['nft', 'REDIRECT'],
  ['nft', 'TPROXY'],
  ['legacy', 'REDIRECT'],
  ['legacy', 'TPROXY'],
  ['native', 'REDIRECT'],
  ['native', 'TPROXY'],
];
const obstacle = namespaceObstacle(['iptables-legacy', 'nft', 'python3']);

describe('what --explain says of a random call in a random configuration', function () {
  this.timeout(120_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    explanations are not compared with real packets: ${obstacle}`);
    return;
  }

  for (const [backend, mode] of CASES) {
    it(`is what the call does, with ${mode} by ${backend} rules`, async () => {
      const seed = Math.trunc(Math.random() * 2 ** 31);

      const { disagreements } = await compareFlows(backend, mode, { configurations: 2, flows: 10, seed });

      assert.deepEqual(disagreements, [], `seed ${seed}`);
    });
  }
});
