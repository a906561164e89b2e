import { deepEqual, equal } from 'node:assert/strict';

import { WaitingLine } from '../../src/runtime/waiting-line.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { someTurns } from '../support/turns.ts';

const NEVER = new AbortController().signal;

describe('WaitingLine', () => {
  let clock: FakeClock;
  let told: string[];
  beforeEach(() => {
    clock = new FakeClock();
    told = [];
  });

  function lineOf(signal = NEVER): WaitingLine<string> {
    return new WaitingLine((item) => told.push(`${item} ${clock.monotonicMs()}`), 100, { clock, signal });
  }

  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      await clock.tick(10);
      await someTurns(2);
    }
  }

  it('tells of each at its time, with one timer for all', async () => {
    const line = lineOf();
    line.add('a');
    await pass(30);
    line.add('b');
    line.add('c');
    const { sleepers } = clock;

    await pass(200);

    equal(sleepers, 1);
    deepEqual(told, ['a 100', 'b 130', 'c 130']);
    equal(clock.sleepers, 0);
  });

  it('has no timer where nothing comes due', async () => {
    const line = new WaitingLine((item: string) => told.push(item), Infinity, { clock, signal: NEVER });

    line.add('a');
    equal(clock.sleepers, 0);
    await someTurns();
    line.delete('a');

    deepEqual(told, []);
  });

  it('tells nothing of what was taken out', async () => {
    const line = lineOf();
    line.add('a');
    line.add('b');

    line.delete('a');
    await pass(200);

    deepEqual(told, ['b 100']);
  });

  it('puts what is added again at the end', async () => {
    const line = lineOf();
    line.add('a');
    line.add('b');
    await pass(50);

    line.add('a');
    await pass(200);

    deepEqual(told, ['b 100', 'a 150']);
  });

  it('starts again after it was empty, also from within', async () => {
    const again = new WaitingLine(
      (item: string) => {
        told.push(`${item} ${clock.monotonicMs()}`);
        if (told.length < 3) again.add(item);
      },
      100,
      { clock, signal: NEVER },
    );
    again.add('a');
    await pass(500);
    again.add('b');
    await pass(200);

    deepEqual(told, ['a 100', 'a 200', 'a 300', 'b 600']);
  });

  it('lets what has arrived by its time be read first', async () => {
    const due = Promise.withResolvers<void>();
    const line = new WaitingLine((item: string) => told.push(item), 0, {
      clock: { monotonicMs: () => 0, sleep: () => due.promise },
      signal: NEVER,
    });
    line.add('a');
    line.add('b');

    due.resolve();
    await Promise.resolve().then(() => Promise.resolve());
    line.delete('a'); // as a socket does that is read in this turn
    await someTurns();

    deepEqual(told, ['b']);
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const line = lineOf(stop.signal);
    line.add('a');

    stop.abort();
    await someTurns();
    line.add('b');
    await pass(200);

    deepEqual(told, []);
    equal(clock.sleepers, 0);
  });
});
