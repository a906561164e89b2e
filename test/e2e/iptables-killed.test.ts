import { namespaceObstacle } from '../iptables/network-namespace.ts';
import { killAndRepeat, stopInTheMiddle } from './support/interrupted-captures.ts';

const TIMES = 2;
const SEED = 4711;
const obstacle = namespaceObstacle();

describe('agent istio-iptables that is ended in the middle', function () {
  this.timeout(300_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    ending it in the middle is not tested: ${obstacle}`);
    return;
  }

  for (const variant of ['nft', 'legacy'] as const) {
    it(`is completed by the next run when it was killed, whatever it did (${variant})`, async () => {
      await killAndRepeat(variant, TIMES, SEED);
    });

    it(`leaves no guards and no half of its rules when it is told to end (${variant})`, async () => {
      await stopInTheMiddle(variant, TIMES, SEED);
    });
  }
});
