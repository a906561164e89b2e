import { deepEqual, equal, ok } from 'node:assert/strict';

import { forEachInSlices } from '../../src/runtime/slices.ts';

describe('forEachInSlices', () => {
  it('takes every item, in order', async () => {
    const taken: number[] = [];

    await forEachInSlices(new Set([3, 1, 2]), (item) => taken.push(item));

    deepEqual(taken, [3, 1, 2]);
  });

  it('lets other work run after a hundred items at the latest', async () => {
    const items = Array.from({ length: 250 }, (_, index) => index);
    let taken = 0;
    const seen: number[] = [];
    const look = (): void => {
      seen.push(taken);
      if (taken < items.length) setImmediate(look);
    };
    setImmediate(look);

    await forEachInSlices(items, () => (taken += 1));

    ok(seen.length > 1);
    ok(
      seen.every((count, index) => count - (seen[index - 1] ?? 0) <= 100),
      seen.join(),
    );
  });

  it('does so sooner when single items are much work', async () => {
    let taken = 0;
    let seen = 0;
    setImmediate(() => (seen = taken));

    await forEachInSlices([1, 2], () => {
      taken += 1;
      const startMs = performance.now();
      while (performance.now() - startMs < 10); // an item that takes longer than a slice may
    });

    equal(seen, 1);
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
