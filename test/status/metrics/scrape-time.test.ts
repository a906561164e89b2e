import assert from 'node:assert/strict';

import { ScrapeTime } from '../../../src/status/metrics/scrape-time.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('ScrapeTime', () => {
  it('is over after its limit', async () => {
    const clock = new FakeClock();
    const time = new ScrapeTime(1500, clock);
    time.start();

    await clock.tick(1499);
    assert.equal(time.signal.aborted, false);
    await clock.tick(1);

    assert.match(String(time.signal.reason), /no complete answer within 1500 ms$/);
  });

  it('does not count pauses', async () => {
    const clock = new FakeClock();
    const time = new ScrapeTime(1000, clock);
    time.start();
    await clock.tick(600);
    time.pause();
    await clock.tick(10_000);
    assert.equal(time.spentMs, 600);
    time.start();
    time.start();

    await clock.tick(399);
    assert.equal(time.signal.aborted, false);
    await clock.tick(1);

    assert.equal(time.signal.aborted, true);
    assert.equal(time.spentMs, 1000);
  });

  for (const limitMs of [0, -5]) {
    it(`is over at once with ${limitMs} ms`, () => {
      const time = new ScrapeTime(limitMs, new FakeClock());
      assert.equal(time.signal.aborted, false);

      time.start();

      assert.equal(time.signal.aborted, true);
    });
  }

  it('has no end and no timer without a limit, and leaves no timer behind a pause', async () => {
    const clock = new FakeClock();
    new ScrapeTime(undefined, clock).start();
    assert.equal(clock.sleepers, 0);
    const limited = new ScrapeTime(10, clock);
    limited.start();

    limited.pause();

    assert.equal(clock.sleepers, 0);
    await clock.tick(100);
    assert.equal(limited.signal.aborted, false);
  });
});
