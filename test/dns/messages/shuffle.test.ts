import { deepEqual, equal, ok } from 'node:assert/strict';

import { shuffled } from '../../../src/dns/messages/shuffle.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const ITEMS = ['a', 'b', 'c', 'd'];
const DRAWS = 24_000;

/** How often each order came. */
function tally(most: number): Map<string, number> {
  const random = seededRandom(7);
  const counts = new Map<string, number>();
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const order = shuffled(ITEMS, random, most).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  return counts;
}

describe('shuffled', () => {
  // orders of 1, 2 and all of four
  for (const [most, orders] of [
    [1, 4],
    [2, 12],
    [4, 24],
  ] as const) {
    it(`gives every order of ${most} of four the same chance`, () => {
      const counts = tally(most);

      equal(counts.size, orders);
      const expected = DRAWS / orders;
      for (const count of counts.values()) ok(Math.abs(count - expected) < 6 * Math.sqrt(expected));
    });
  }

  it('leaves what it is given as it is, and gives no more than there are', () => {
    const items = [1, 2, 3];

    const order = shuffled(items, () => 0.999_999, 10);

    deepEqual(
      [items, order],
      [
        [1, 2, 3],
        [3, 1, 2],
      ],
    );
    deepEqual(
      shuffled([], () => 0),
      [],
    );
  });
});
