import { ok, rejects } from 'node:assert/strict';

import { systemClock } from '../../src/runtime/clock.ts';

const { signal } = new AbortController();

describe('systemClock', () => {
  it('never wakes early, as its own monotonic time tells', async () => {
    const clock = systemClock();

    for (let nth = 0; nth < 40; nth += 1) {
      const ms = 1 + nth / 20;
      const beganMs = clock.monotonicMs();
      await clock.sleep(ms, signal);
      const tookMs = clock.monotonicMs() - beganMs;
      ok(tookMs >= ms, `${tookMs} ms instead of ${ms}`);
    }
  });

  it('wakes from a sleep of no time, and of less', async () => {
    const clock = systemClock();

    await clock.sleep(0, signal);
    await clock.sleep(-1, signal);
  });

  it('is woken by the signal, with its reason, from a sleep longer than any timer', async () => {
    const stop = new AbortController();
    const sleep = systemClock().sleep(Infinity, stop.signal);
    const reason = new Error('told to end');

    stop.abort(reason);

    await rejects(sleep, reason);
    await rejects(systemClock().sleep(1, stop.signal), reason);
  });
});
