// Random schedules of faults as a property.

import { ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { ifResolved } from '../../../src/runtime/tasks.ts';
import { FaultWorld } from './fault-world.ts';
import { checkEnd, checkStreams } from './invariants.ts';
import { Schedule } from './schedule.ts';
import { schedules, type Step } from './steps.ts';

/** How long the control plane may take to end a stream that Envoy has ended in order. */
const LINGER_MS = 1000;

/**
 * Tries so many schedules and prints the seed; FUZZ_SEED repeats a run.
 *
 * @throws with the shortest schedule found that breaks an invariant
 */
export async function tryFaults(runs: number): Promise<void> {
  const seed = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31));
  let streams = 0;
  const property = fc.asyncProperty(schedules, async (steps) => {
    streams += await live(steps);
  });
  const details = await fc.check(property, { seed, numRuns: runs });
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  console.log(`      ${details.numRuns} schedules with ${streams} streams, seed ${seed}`);
}

/** @returns how many streams there were */
async function live(steps: readonly Step[]): Promise<number> {
  const world = new FaultWorld();
  const schedule = new Schedule(world);
  for (const step of steps) {
    schedule.take(step);
    await world.pass(step.what === 'wait' ? step.ms : 0);
    checkStreams(world);
  }
  const closed = schedule.close().then(() => true);
  await world.pass(LINGER_MS);
  ok(await ifResolved(closed), 'every stream is over');
  checkStreams(world);
  checkEnd(world);
  return world.streams.length;
}
