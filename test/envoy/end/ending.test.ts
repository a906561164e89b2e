import { deepEqual, equal } from 'node:assert/strict';

import { Ending } from '../../../src/envoy/end/ending.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('Ending', () => {
  it('leaves all the time there is where no deadline is known', () => {
    const ending = new Ending(new FakeClock(), undefined);

    ending.begin();

    deepEqual([ending.leftMs(), ending.boundedGraceMs(7000), ending.over], [Infinity, 7000, false]);
  });

  it('counts from the first signal', async () => {
    const clock = new FakeClock();
    const ending = new Ending(clock, 30_000);
    await clock.tick(1000);
    ending.begin();
    await clock.tick(3000);

    ending.begin();

    deepEqual([ending.leftMs(), ending.boundedGraceMs(60_000)], [25_000, 26_500]);
  });

  it('is over 2 s before the deadline; what is left of them bounds the last grace', async () => {
    const clock = new FakeClock(0);
    const ending = new Ending(clock, 10_000);
    ending.begin();
    await clock.tick(7999);
    equal(ending.over, false);

    await clock.tick(1);

    deepEqual([ending.over, ending.hurried, ending.boundedGraceMs(2000)], [true, false, 1500]);
    ending.enter('exit', 1500);
    deepEqual(ending.snapshot()?.deadline, new Date(9500));
    await clock.tick(5000);
    equal(ending.boundedGraceMs(2000), 0);
  });

  it('is not over before it has begun, though it will have to hurry', () => {
    const ending = new Ending(new FakeClock(), undefined);

    ending.hurry();
    deepEqual([ending.over, ending.snapshot()], [false, undefined]);
    ending.begin();

    equal(ending.over, true);
  });

  it('shows what it waits for, since when and until when, and what is open', async () => {
    const clock = new FakeClock(0);
    const ending = new Ending(clock, 30_000);
    ending.begin();
    await clock.tick(1000);

    ending.enter('connections', Infinity);
    ending.noteOpen(4);

    deepEqual(ending.snapshot(), {
      asked: new Date(0),
      step: 'connections',
      since: new Date(1000),
      deadline: new Date(28_000),
      open: 4,
    });
  });

  it('waits for what is under way first, without a limit unless there is a deadline', () => {
    const ending = new Ending(new FakeClock(0), undefined);

    ending.begin();

    const since = new Date(0);
    const unlimited = { deadline: undefined, open: undefined };
    deepEqual(ending.snapshot(), { asked: since, step: 'handoff', since, ...unlimited });
  });
});
