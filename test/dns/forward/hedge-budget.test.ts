import { deepEqual, equal } from 'node:assert/strict';

import { HedgeBudget } from '../../../src/dns/forward/hedge-budget.ts';

function spent(budget: HedgeBudget): number {
  let count = 0;
  while (count < 10_000 && budget.spend()) count += 1;
  return count;
}

describe('HedgeBudget', () => {
  it('allows some at once, and a tenth of what is forwarded after that', () => {
    const budget = new HedgeBudget();
    const atOnce = spent(budget);

    for (let count = 0; count < 101; count += 1) budget.earn();

    deepEqual([atOnce, spent(budget)], [256, 10]);
  });

  it('does not save up', () => {
    const budget = new HedgeBudget();

    for (let count = 0; count < 10_000; count += 1) budget.earn();

    equal(spent(budget), 256);
  });
});
