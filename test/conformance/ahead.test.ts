import assert from 'node:assert/strict';

import { ahead } from './ahead.ts';
import type { ConformanceCase } from './case.ts';

describe('ahead', () => {
  it('begins as many cases as asked before the first is taken, and keeps their order', async () => {
    const begun: string[] = [];
    const cases = ['a', 'b', 'c'].map((name) => ({ name, run: async () => void begun.push(name) }));
    const seen: string[] = [];

    for await (const { name, run } of ahead(cases, 2)) {
      await run();
      seen.push(`${name} of ${begun.join('')}`);
    }

    assert.deepEqual(seen, ['a of ab', 'b of abc', 'c of abc']);
  });

  it('fails a case where it is taken, not where it was begun', async () => {
    const cases = [
      { name: 'good', run: async () => undefined },
      { name: 'bad', run: () => Promise.reject(new Error('wrong')) },
    ];

    const taken: ConformanceCase[] = [];
    for await (const one of ahead(cases, 2)) taken.push(one);
    const [good, bad] = taken;

    assert.ok(good && bad);
    await good.run();
    await assert.rejects(bad.run(), { message: 'wrong' });
  });
});
