import { equal, rejects } from 'node:assert/strict';

import { AgentError } from '../../src/runtime/errors.ts';
import { aborted } from '../../src/runtime/tasks.ts';
import { withTimeLimit } from '../../src/runtime/time-limit.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('withTimeLimit', () => {
  const never = new AbortController().signal;
  const untilTold = async (signal: AbortSignal): Promise<void> => {
    await aborted(signal);
    signal.throwIfAborted();
  };

  it('gives what the work gives, and leaves no timer behind', async () => {
    const clock = new FakeClock();

    const result = await withTimeLimit({ clock, ms: 100, late: 'late' }, never, async () => 'done');

    equal(result, 'done');
    equal(clock.sleepers, 0);
  });

  it('tells work to end when the time is over', async () => {
    const clock = new FakeClock();
    const work = withTimeLimit({ clock, ms: 100, late: 'nobody came' }, never, untilTold);

    const failed = rejects(
      work,
      (error) => error instanceof AgentError && error.retryable && error.message === 'nobody came',
    );
    await clock.tick(99);
    equal(clock.sleepers, 1);
    await clock.tick(1);

    await failed;
  });

  it('ends it with the error that was given for that', async () => {
    const clock = new FakeClock();
    const late = new TypeError('late');
    const work = withTimeLimit({ clock, ms: 100, late }, never, untilTold);

    const failed = rejects(work, (error) => error === late);
    await clock.tick(100);

    await failed;
  });

  it('tells work to end with the reason of the signal', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const work = withTimeLimit({ clock, ms: 100, late: 'late' }, stop.signal, untilTold);

    stop.abort(new Error('asked to'));

    await rejects(work, { message: 'asked to' });
    equal(clock.sleepers, 0);
  });

  it('passes on what the work fails with', async () => {
    const clock = new FakeClock();

    await rejects(
      withTimeLimit({ clock, ms: 100, late: 'late' }, never, () => Promise.reject(new Error('broken'))),
      { message: 'broken' },
    );

    equal(clock.sleepers, 0);
  });
});
