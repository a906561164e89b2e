import assert from 'node:assert/strict';

import { Profiler, ProfilerBusyError } from '../../../src/status/profiling/profiler.ts';
import { FakeClock } from '../../support/fake-clock.ts';

interface Frame {
  readonly functionName: string;
  readonly url: string;
}

async function asleep(clock: FakeClock): Promise<void> {
  while (clock.sleepers === 0) await new Promise(setImmediate);
}

const NEVER = new AbortController().signal;

/** What a profile is to find. */
function burnForTheProfile(): number {
  let sum = 0;
  for (const end = performance.now() + 100; performance.now() < end;) sum += Math.sqrt(sum + 1);
  return sum;
}

describe('Profiler', () => {
  it('sees where time goes', async () => {
    const clock = new FakeClock();

    const taken = new Profiler(clock).take('cpu', 5, NEVER);
    await asleep(clock);
    burnForTheProfile();
    await clock.tick(5000);
    const { nodes, samples } = JSON.parse(await taken) as {
      nodes: { callFrame: Frame }[];
      samples: number[];
    };

    assert.ok(nodes.some(({ callFrame }) => callFrame.functionName === 'burnForTheProfile'));
    assert.ok(samples.length > 0);
  });

  it('sees where memory is asked for, and no value that is in it', async () => {
    const clock = new FakeClock();

    const taken = new Profiler(clock).take('heap', 5, NEVER);
    await asleep(clock);
    const kept = Array.from({ length: 50_000 }, (_, index) => ({ secret: `a-secret-of-the-agent-${index}` }));
    await clock.tick(5000);
    const text = await taken;

    assert.ok((JSON.parse(text) as { samples: unknown[] }).samples.length > 0);
    assert.ok(kept.length > 0 && !text.includes('a-secret-of-the-agent'));
  });

  it('takes one at a time, and the next one after that', async () => {
    const clock = new FakeClock();
    const profiler = new Profiler(clock);
    const first = profiler.take('cpu', 1, NEVER);

    await assert.rejects(profiler.take('heap', 1, NEVER), ProfilerBusyError);
    await asleep(clock);
    await clock.tick(1000);
    await first;
    const second = profiler.take('heap', 1, NEVER);
    await asleep(clock);
    await clock.tick(1000);

    assert.match(await second, /^\{"head":/);
  });

  it('ends when it is told to', async () => {
    const clock = new FakeClock();
    const profiler = new Profiler(clock);
    const leaving = new AbortController();
    const taken = profiler.take('cpu', 30, leaving.signal);
    await asleep(clock);

    leaving.abort(new Error('left'));

    await assert.rejects(taken, /left/);
    assert.equal(clock.sleepers, 0);
    const next = profiler.take('cpu', 1, NEVER);
    await asleep(clock);
    await clock.tick(1000);
    assert.match(await next, /^\{"nodes":/);
  });
});
