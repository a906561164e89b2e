// What test/e2e/capture/explained tries with a few calls, with a thousand by the nft variant and some hundreds by the
// other two places of rules.

import assert from 'node:assert/strict';

import type { Backend } from '../e2e/capture/pod-run.ts';
import { compareFlows, type Mode } from '../e2e/capture/explained/explained-pod.ts';

const CASES: readonly (readonly [Backend, Mode, number])[] = [
  ['nft', 'REDIRECT', 14],
  ['nft', 'TPROXY', 8],
  ['legacy', 'REDIRECT', 4],
  ['legacy', 'TPROXY', 3],
  ['native', 'REDIRECT', 4],
  ['native', 'TPROXY', 3],
];
/** Calls that all end alike would prove nothing. */
const VERDICTS = ['PASS', 'REDIRECT 15001', 'REDIRECT 15006', 'REDIRECT 15053', 'TPROXY 15006'];
/** Per configuration; some cannot be made where the pod has no IPv6. */
const FLOWS = 50;

describe('what --explain says of a thousand random calls', () => {
  const seen = new Set<string>();

  for (const [backend, mode, configurations] of CASES) {
    it(`is what ${configurations * FLOWS} calls do, with ${mode} by ${backend} rules`, async () => {
      const seed = Number(process.env['FUZZ_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

      const { disagreements, verdicts } = await compareFlows(backend, mode, {
        configurations,
        flows: FLOWS,
        seed,
      });

      assert.deepEqual(disagreements, [], `seed ${seed}`);
      verdicts.forEach((verdict) => seen.add(verdict));
    });
  }

  it('has been every verdict that calls can have', () => {
    assert.deepEqual([...seen].toSorted(), VERDICTS);
  });
});
