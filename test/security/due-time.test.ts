import { equal } from 'node:assert/strict';

import { DueTime } from '../../src/security/due-time.ts';
import { FakeClock } from '../support/fake-clock.ts';

const HOUR_MS = 3_600_000;

describe('DueTime', () => {
  it('comes nearer as time passes, and stays over', async () => {
    const clock = new FakeClock();
    const due = new DueTime(clock.now() + 1000, clock);

    equal(due.leftMs, 1000);
    await clock.tick(1500);

    equal(due.leftMs, -500);
  });

  it('is not put off by a wall clock that is set back', async () => {
    const clock = new FakeClock();
    const due = new DueTime(clock.now() + 2 * HOUR_MS, clock);

    clock.jump(-HOUR_MS);
    await clock.tick(HOUR_MS);

    equal(due.leftMs, HOUR_MS);
  });

  it('knows by how much the wall clock was set back', async () => {
    const clock = new FakeClock();
    const due = new DueTime(clock.now() + 2 * HOUR_MS, clock);

    await clock.tick(1000);
    equal(due.setBackMs, 0);
    clock.jump(-HOUR_MS);
    equal(due.setBackMs, HOUR_MS);
    clock.jump(2 * HOUR_MS);
    equal(due.setBackMs, 0);
  });

  it('is nearer after a wall clock was set forwards, as after a suspend', () => {
    const clock = new FakeClock();
    const due = new DueTime(clock.now() + 2 * HOUR_MS, clock);

    clock.jump(HOUR_MS);

    equal(due.leftMs, HOUR_MS);
  });
});
