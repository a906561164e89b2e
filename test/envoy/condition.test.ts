import { deepEqual, equal, rejects } from 'node:assert/strict';

import { Condition } from '../../src/envoy/condition.ts';
import { FakeClock } from '../support/fake-clock.ts';

function subject() {
  const clock = new FakeClock();
  return { clock, condition: new Condition(clock) };
}

const never = (): boolean => false;

describe('Condition', () => {
  it('waits without a timer when there is no limit', async () => {
    const { clock, condition } = subject();
    let holds = false;
    const waited = condition.within(() => holds, Infinity);
    equal(clock.sleepers, 0);

    holds = true;
    condition.notify();

    equal(await waited, true);
  });

  describe('outcome', () => {
    it('is that of the work', async () => {
      const { clock, condition } = subject();

      deepEqual((await condition.outcome(Promise.resolve(7), never, 1000))?.value, 7);
      await rejects(condition.outcome(Promise.reject(new Error('no')), never), { message: 'no' });
      equal(clock.sleepers, 0);
    });

    it('is none after the time, or as soon as it does not matter any more', async () => {
      const { clock, condition } = subject();
      const work = Promise.withResolvers<number>();
      let moot = false;
      const late = condition.outcome(work.promise, never, 1000);
      const mooted = condition.outcome(work.promise, () => moot);

      await clock.tick(1000);
      moot = true;
      condition.notify();

      deepEqual([await late, await mooted], [undefined, undefined]);
      work.reject(new Error('nobody hears of this'));
    });
  });
});
