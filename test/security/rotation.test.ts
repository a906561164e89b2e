// Numbers before titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';

import * as fc from 'fast-check';

import { renewAtMs, retryWaitMs, rotateAtMs, type FailedTries } from '../../src/security/rotation.ts';

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
    [0.75, 6],
    [0, 24],
    [1, 0],
    [7, 0],
  ] as const) {
    it(`23: rotates a day's certificate after ${hours} hours with ratio ${graceRatio}`, () => {
      assert.equal(rotateAtMs(life, { graceRatio, graceRatioJitter: 0 }, Math.random), hours * HOUR);
    });
  }

  for (const [graceRatio, graceRatioJitter, min, max] of [
    [0.5, 0.01, 11.76, 12.24],
    [1, 0.5, 0, 12],
    [0.5, 0.5, 0, 24],
    [0, 0.5, 12, 24],
  ] as const) {
    it(`23: stays between ${min} and ${max} hours with ratio ${graceRatio} and jitter ${graceRatioJitter}`, () => {
      for (let i = 0; i < 1000; i++) {
        const hours = rotateAtMs(life, { graceRatio, graceRatioJitter }, Math.random) / HOUR;
        assert.ok(hours >= min && hours <= max, `${hours}`);
      }
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

describe('renewAtMs', () => {
  const settings = { graceRatio: 0.5, graceRatioJitter: 0 };
  const none = (): number => 0;

  it('is when the ratio says', () => {
    assert.equal(renewAtMs(life, settings, none), rotateAtMs(life, settings, none));
  });

  it('leaves a second between two signings, or half of a shorter life', () => {
    const atOnce = { graceRatio: 1, graceRatioJitter: 0 };

    assert.equal(renewAtMs(life, atOnce, none), 1000);
    assert.equal(renewAtMs({ createdMs: 0, expiresMs: 200 }, atOnce, none), 100);
  });

  it('comes at the latest after the interval, up to a tenth of it earlier', () => {
    const bounded = { ...settings, intervalMs: HOUR };

    assert.equal(renewAtMs(life, bounded, none), HOUR);
    assert.equal(renewAtMs(life, bounded, numbers(0.5)), 0.95 * HOUR);
    assert.equal(renewAtMs(life, { ...settings, intervalMs: 13 * HOUR }, none), 12 * HOUR);
  });
});

describe('retryWaitMs', () => {
  const middle = (): number => 0.5;
  const failed = (count: number, forMs = 0): FailedTries => ({ count, forMs });

  it('is short without a valid certificate and never above a minute', () => {
    const waits = [1, 2, 3, 50].map((count) => retryWaitMs(failed(count), undefined, 0, middle));

    assert.deepEqual(waits, [500, 750, 1125, 60_000]);
    assert.equal(
      retryWaitMs(failed(50), undefined, 0, () => 0.999),
      60_000,
    );
  });

  it('is a minute once there was no valid certificate for a quarter of an hour', () => {
    assert.equal(
      retryWaitMs(failed(1, 15 * 60_000), undefined, 0, () => 0),
      60_000,
    );
  });

  it('doubles from 5 s to 5 min while the certificate has time', () => {
    const waits = [1, 2, 3, 10].map((count) => retryWaitMs(failed(count), life, 12 * HOUR, middle));

    assert.deepEqual(waits, [5000, 10_000, 20_000, 300_000]);
  });

  it('is at most 30 s in the last tenth of the life', () => {
    assert.equal(retryWaitMs(failed(10), life, 22 * HOUR, middle), 30_000);
  });

  it('is at most half of what is left, so a short life is not slept through', () => {
    const short = { createdMs: 0, expiresMs: 10_000 };

    assert.equal(retryWaitMs(failed(1), short, 5000, middle), 2500);
    assert.equal(retryWaitMs(failed(5), short, 9900, middle), 500);
  });
});
