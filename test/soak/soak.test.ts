import { equal } from 'node:assert/strict';

import { growth } from './soak.ts';

describe('growth', () => {
  it('is the difference of the medians at both ends, after the first two rounds', () => {
    const rounds = [90, 80, 50, 51, 52, 50, 51, 60, 60, 71, 70, 99, 70, 70];

    equal(growth(rounds), 19);
  });

  it('is nothing for a figure that goes up and down', () => {
    equal(growth([1, 1, 50, 70, 50, 70, 50, 70, 50, 70, 50, 50]), 0);
  });

  it('is not told from fewer than two rounds after the first ones', () => {
    equal(growth([10, 20, 30]), 0);
  });
});
