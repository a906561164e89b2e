import { equal, throws } from 'node:assert/strict';

import { divideQuantity, milliOf, nanos, wholeOf } from './quantity.ts';

describe('quantities', () => {
  it('have decimal and binary suffixes, exponents and fractions', () => {
    equal(wholeOf('1Gi'), 1024 ** 3);
    equal(wholeOf('1.5Ki'), 1536);
    equal(wholeOf('2M'), 2_000_000);
    equal(wholeOf('1e3'), 1000);
    equal(wholeOf('.5k'), 500);
    equal(milliOf('100m'), 100);
    equal(milliOf('2'), 2000);
    equal(nanos('1n'), 1n);
  });

  it('are rounded up', () => {
    equal(wholeOf('100m'), 1);
    equal(milliOf('1n'), 1);
  });

  it('are divided as the downward API divides them', () => {
    equal(divideQuantity('2', '1', 'milli'), '2');
    equal(divideQuantity('1500m', '1', 'milli'), '2');
    equal(divideQuantity('250m', '1m', 'milli'), '250');
    equal(divideQuantity('1Gi', '1Mi', 'whole'), '1024');
    equal(divideQuantity('1Gi', '1', 'whole'), '1073741824');
    equal(divideQuantity('3', '0', 'whole'), '3');
  });

  it('are refused when they are none', () => {
    for (const text of ['', 'm', '1 Gi', '-1', '1GB', 'one']) throws(() => nanos(text), /is no quantity/);
  });
});
