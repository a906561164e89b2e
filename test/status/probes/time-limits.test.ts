import { deepEqual } from 'node:assert/strict';

import { TimeLimits } from '../../../src/status/probes/time-limits.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('TimeLimits', () => {
  it('tells each when its own time is over', async () => {
    const clock = new FakeClock();
    const limits = new TimeLimits(clock, 1000, new AbortController().signal);
    const late: string[] = [];

    limits.start(() => late.push('first'));
    await clock.tick(400);
    limits.start(() => late.push('second'));
    await clock.tick(599);
    deepEqual([...late], []);
    await clock.tick(1);
    deepEqual([...late], ['first']);
    await clock.tick(400);
    deepEqual([...late], ['first', 'second']);
    limits.start(() => late.push('third'));
    await clock.tick(1000);

    deepEqual(late, ['first', 'second', 'third']);
  });

  it('forgets those that have ended', async () => {
    const clock = new FakeClock();
    const limits = new TimeLimits(clock, 1000, new AbortController().signal);
    const late: string[] = [];

    const end = limits.start(() => late.push('ended'));
    await clock.tick(500);
    limits.start(() => late.push('other'));
    end();
    await clock.tick(1500);

    deepEqual(late, ['other']);
  });

  it('has no timer without a limit', async () => {
    const noTimer = { sleep: () => Promise.reject(new Error('a timer')), monotonicMs: () => 0 };

    new TimeLimits(noTimer, Infinity, new AbortController().signal).start(() => undefined)();

    await new Promise(setImmediate);
  });

  it('tells nobody after the end', async () => {
    const clock = new FakeClock();
    const closing = new AbortController();
    const late: string[] = [];
    new TimeLimits(clock, 1000, closing.signal).start(() => late.push('late'));

    closing.abort();
    await clock.tick(2000);

    deepEqual(late, []);
  });
});
