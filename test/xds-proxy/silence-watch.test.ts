import { deepEqual, equal, rejects } from 'node:assert/strict';

import { ifResolved } from '../../src/runtime/tasks.ts';
import { SilenceWatch } from '../../src/xds-proxy/silence-watch.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('SilenceWatch', () => {
  const { signal } = new AbortController();
  const over = (running: Promise<void>): Promise<true> =>
    running.then(
      () => true,
      () => true,
    );

  it('ends the stream when nothing has been heard for so long, counted from the last response', async () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 60_000);
    const running = watch.run(signal);
    const ended = over(running);

    await clock.tick(59_000);
    await watch.while(Promise.resolve());
    await clock.tick(59_999);
    const early = await ifResolved(ended);
    await clock.tick(1);

    equal(early, undefined);
    await rejects(running, {
      side: 'upstream',
      code: 14,
      details: 'the control plane has sent nothing for 1m0s',
    });
  });

  it('begins to count when the control plane is reached', async () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 60_000);
    await clock.tick(20_000);

    const ended = over(watch.run(signal));
    await clock.tick(59_999);
    const early = await ifResolved(ended);
    await clock.tick(1);

    deepEqual([early, await ifResolved(ended)], [undefined, true]);
  });

  it('does not blame the control plane while a response waits for Envoy', async () => {
    const clock = new FakeClock();
    const watch = new SilenceWatch(clock, 60_000);
    const ended = over(watch.run(signal));
    const { promise, resolve } = Promise.withResolvers<void>();

    const taking = watch.while(promise);
    await clock.tick(600_000);
    resolve();
    await taking;
    await clock.tick(59_999);

    equal(await ifResolved(ended), undefined);
  });

  it('waits for nothing when there is no limit', async () => {
    const clock = new FakeClock();

    await new SilenceWatch(clock, 0).run(signal);

    equal(clock.sleepers, 0);
  });
});
