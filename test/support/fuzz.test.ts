import assert from 'node:assert/strict';

import * as fc from 'fast-check';

import { fuzzTarget } from './fuzz.ts';

describe('fuzzTarget', () => {
  it('tries inputs until the time is over', async () => {
    let tried = 0;
    const target = fuzzTarget('counts', fc.integer(), () => void (tried += 1));

    await target.run(0.05);

    assert.ok(tried > 1);
  });

  it('tells the smallest input that breaks the property, and the seed', async () => {
    const target = fuzzTarget('is small', fc.nat(), (number) => assert.ok(number < 10, 'too large'));

    await assert.rejects(target.run(1), (error: Error) => {
      assert.match(error.message, /seed: -?\d+/);
      assert.match(error.message, /Counterexample: \[10\]/);
      return true;
    });
  });
});
