import assert from 'node:assert/strict';

import * as fc from 'fast-check';

import { retryWaitMs, rotateAtMs } from '../../src/security/rotation.ts';

const HOUR = 3_600_000;
const life = { createdMs: 0, expiresMs: 24 * HOUR };

/** Gives the numbers one after the other. */
const numbers = (...values: number[]): (() => number) => {
  let next = 0;
  return () => values[next++ % values.length] ?? 0;
};

describe('rotateAtMs', () => {
  for (const [graceRatio, hours] of [
    [0.5, 12],
    [0.25, 18],
    [0, 24],
    [1, 0],
    [7, 0],
  ] as const) {
    it(`rotates a day's certificate after ${hours} hours with ratio ${graceRatio}`, () => {
      assert.equal(rotateAtMs(life, { graceRatio, graceRatioJitter: 0 }, Math.random), hours * HOUR);
    });
  }

  it('counts from receipt, also for lives longer than a timer holds', () => {
    const long = { createdMs: 1000, expiresMs: 1000 + 90 * 24 * HOUR };

    assert.equal(
      rotateAtMs(long, { graceRatio: 0.5, graceRatioJitter: 0 }, Math.random),
      1000 + 45 * 24 * HOUR,
    );
  });

  it('moves the ratio down or up by a share of the jitter', () => {
    const settings = { graceRatio: 0.5, graceRatioJitter: 0.01 };

    assert.equal(rotateAtMs(life, settings, numbers(0.9, 0.5)), 42_768_000);
    assert.equal(rotateAtMs(life, settings, numbers(0.1, 0.5)), 43_632_000);
  });

  it('stays within the life, whatever ratio, jitter and chance', () => {
    const share = fc.double({ min: -2, max: 2, noNaN: true });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(share, share, chance, chance, (graceRatio, graceRatioJitter, one, two) => {
        const at = rotateAtMs(life, { graceRatio, graceRatioJitter }, numbers(one, two));
        return at >= life.createdMs && at <= life.expiresMs;
      }),
    );
  });
});

describe('retryWaitMs', () => {
  const middle = (): number => 0.5;

  it('is short without a valid certificate and never above a minute', () => {
    const waits = [1, 2, 3, 50].map((failures) => retryWaitMs(failures, undefined, 0, middle));

    assert.deepEqual(waits, [500, 750, 1125, 60_000]);
    assert.equal(
      retryWaitMs(50, undefined, 0, () => 0.999),
      60_000,
    );
  });

  it('doubles from 5 s to 5 min while the certificate has time', () => {
    const waits = [1, 2, 3, 10].map((failures) => retryWaitMs(failures, life, 12 * HOUR, middle));

    assert.deepEqual(waits, [5000, 10_000, 20_000, 300_000]);
  });

  it('is at most 30 s in the last tenth of the life', () => {
    assert.equal(retryWaitMs(10, life, 22 * HOUR, middle), 30_000);
  });

  it('is at most half of what is left, so a short life is not slept through', () => {
    const short = { createdMs: 0, expiresMs: 10_000 };

    assert.equal(retryWaitMs(1, short, 5000, middle), 2500);
    assert.equal(retryWaitMs(5, short, 9900, middle), 500);
  });
});
