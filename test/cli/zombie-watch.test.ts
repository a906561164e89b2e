import { deepEqual, equal, match } from 'node:assert/strict';

import { watchingZombies } from '../../src/cli/zombie-watch.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';

const MINUTE_MS = 60_000;

/** What PID 1 sees from minute to minute; it ends after the last. */
async function watch(seen: readonly (readonly number[])[], pid = 1) {
  const clock = new FakeClock();
  const recorded = recordingLog();
  let looks = 0;
  const zombies = (): Promise<readonly number[]> => Promise.resolve(seen[looks++] ?? []);
  const result = await watchingZombies({ clock, log: recorded.log, pid, zombies }, async () => {
    for (const _ of seen) await clock.tick(MINUTE_MS);
    return 'worked';
  });
  return { result, looks, warnings: recorded.messages('warn'), sleepers: clock.sleepers };
}

describe('watchingZombies', () => {
  it('warns once per growth, and names the remedy', async () => {
    const { warnings } = await watch([[7], [7], [7], [7, 8], [7, 8], [8], [7, 8]]);

    equal(warnings.length, 2);
    match(warnings[0] ?? '', /, 1 so far, .+ an init \(tini\), or set shareProcessNamespace/);
    match(warnings[1] ?? '', /, 2 so far,/);
  });

  it('does not take its own child for one, which is there for a moment', async () => {
    const { warnings } = await watch([[7], [8], [9], []]);

    deepEqual(warnings, []);
  });

  it('looks only as PID 1', async () => {
    const { looks, result } = await watch([[7], [7]], 20);

    deepEqual({ looks, result }, { looks: 0, result: 'worked' });
  });

  it('ends with the work', async () => {
    const { result, looks, sleepers } = await watch([[], []]);

    deepEqual({ result, looks, sleepers }, { result: 'worked', looks: 2, sleepers: 0 });
  });
});
