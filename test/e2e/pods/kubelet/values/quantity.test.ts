import { equal, throws } from 'node:assert/strict';

import { divideQuantity, milliOf, wholeOf } from './quantity.ts';

describe('quantities', () => {
  it('have decimal and binary suffixes, and fractions', () => {
    equal(wholeOf('1Gi'), 1024 ** 3);
    equal(wholeOf('1.5Ki'), 1536);
    equal(wholeOf('2M'), 2_000_000);
    equal(milliOf('100m'), 100);
    equal(milliOf('2'), 2000);
  });

  it('are rounded up', () => {
    equal(wholeOf('100m'), 1);
    equal(milliOf('0.0001'), 1);
  });

  it('are divided as the downward API divides them', () => {
    equal(divideQuantity('2', '1'), 2);
    equal(divideQuantity('1500m', '1'), 2);
    equal(divideQuantity('250m', '1m'), 250);
    equal(divideQuantity('1Gi', '1Mi'), 1024);
    equal(divideQuantity('1Gi', '1'), 1_073_741_824);
    equal(divideQuantity('3', '0'), 3);
  });

  it('are refused when they are none', () => {
    for (const text of ['', 'm', '1 Gi', '-1', '1GB', 'one']) throws(() => milliOf(text), /is no quantity/);
  });
});
