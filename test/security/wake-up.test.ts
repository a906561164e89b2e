import { equal, rejects } from 'node:assert/strict';

import { aborted } from '../../src/runtime/tasks.ts';
import { WakeUp } from '../../src/security/wake-up.ts';

describe('WakeUp', () => {
  const never = new AbortController().signal;

  it('ends the waits that are under way, and not those that begin later', async () => {
    const wakeUp = new WakeUp();
    const waits = [wakeUp.unlessCalled(aborted, never), wakeUp.unlessCalled(aborted, never)];
    let isOver = false;

    wakeUp.call();
    await Promise.all(waits);
    const later = wakeUp.unlessCalled(aborted, never).then(() => (isOver = true));
    await Promise.resolve();

    equal(isOver, false);
    wakeUp.call();
    await later;
  });

  it('passes on why a wait fails, and why nobody waits any more', async () => {
    const wakeUp = new WakeUp();
    const stop = new AbortController();
    const stopped = wakeUp.unlessCalled(async (within) => {
      await aborted(within);
      within.throwIfAborted();
    }, stop.signal);

    stop.abort(new Error('the end'));

    await rejects(stopped, { message: 'the end' });
    await rejects(
      wakeUp.unlessCalled(() => Promise.reject(new Error('no clock')), never),
      { message: 'no clock' },
    );
  });
});
