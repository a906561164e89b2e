import { deepEqual, equal } from 'node:assert/strict';

import { forEachInSlices } from '../../src/runtime/slices.ts';

describe('forEachInSlices', () => {
  it('takes every item, in order', async () => {
    const taken: number[] = [];

    await forEachInSlices(new Set([3, 1, 2]), (item) => taken.push(item));

    deepEqual(taken, [3, 1, 2]);
  });

  it('lets other work run after every hundred items', async () => {
    const items = Array.from({ length: 250 }, (_, index) => index);
    let taken = 0;
    const seen: number[] = [];
    const look = (): void => {
      seen.push(taken);
      if (taken < items.length) setImmediate(look);
    };
    setImmediate(look);

    await forEachInSlices(items, () => (taken += 1));

    deepEqual(seen.slice(0, 2), [100, 200]);
  });

  it('passes on what an item throws, and takes no further one', async () => {
    let taken = 0;
    const broken = new Error('broken');

    const problem = await forEachInSlices([1, 2], () => {
      taken += 1;
      throw broken;
    }).catch((error: unknown) => error);

    equal(problem, broken);
    equal(taken, 1);
  });
});
