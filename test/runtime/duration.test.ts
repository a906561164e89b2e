import { deepEqual, throws } from 'node:assert/strict';

import { formatDuration, parseDurationMs, parseDurationNs } from '../../src/runtime/duration.ts';

describe('parseDurationMs', () => {
  it('reads every unit Go knows, and sums of them', () => {
    const texts = ['1h30m', '45s', '1.5s', '300ms', '.5s', '2us', '2µs', '1ns', '0', '-1m', '+2s'];

    const values = texts.map(parseDurationMs);

    deepEqual(values, [5_400_000, 45_000, 1500, 300, 500, 0.002, 0.002, 1e-6, 0, -60_000, 2000]);
  });

  it('is exact for the longest durations', () => {
    deepEqual(parseDurationMs('578707801161ms'), 578_707_801_161);
  });

  for (const text of ['', '5', 's', '1d', '1 s', '--1s', '1s2', '.s', '99999999999h']) {
    it(`refuses ${JSON.stringify(text)} by name`, () => {
      throws(() => parseDurationMs(text), {
        name: 'ConfigError',
        message: new RegExp(`^invalid duration "${text}"`),
      });
    });
  }
});

describe('parseDurationNs', () => {
  it('loses no nanosecond of a long duration', () => {
    deepEqual(parseDurationNs('2540400h1ns'), 9_145_440_000_000_000_001n);
    deepEqual(parseDurationNs('-9223372036854775808ns'), -(2n ** 63n));
    throws(() => parseDurationNs('9223372036854775808ns'), { name: 'ConfigError' });
  });

  it('cuts what is below a nanosecond', () => {
    deepEqual(parseDurationNs('1.0000000019s'), 1_000_000_001n);
    deepEqual(parseDurationNs(`0.${'0'.repeat(400)}1h`), 0n);
  });
});

describe('formatDuration', () => {
  it('writes what Go writes', () => {
    const values = [0, 45_000, 60_000, 3_600_000, 500, 1500, 90_061_001, 0.5, 1e-5, -2000];

    const texts = values.map(formatDuration);

    deepEqual(texts, ['0s', '45s', '1m0s', '1h0m0s', '500ms', '1.5s', '25h1m1.001s', '500µs', '10ns', '-2s']);
  });
});
