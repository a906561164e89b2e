// Random lives of a supervisor as a property: sequences of steps, and the check after each of them.

import { equal, ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { LifeInvariants } from './life-invariants.ts';
import { FATES, KILLED, RandomLife, type Event, type Fate, type Step } from './random-life.ts';

const who = fc.constantFrom('active' as const, 'candidate' as const, 'draining' as const);
const exit = fc.constantFrom(
  KILLED,
  { code: 0, signal: null },
  { code: 1, signal: null },
  { code: null, signal: 'SIGSEGV' as const },
);
const bad = fc.constantFrom(...(Object.keys(FATES) as Fate[]));
const toggled = fc.constantFrom(
  'control plane' as const,
  'certificate' as const,
  'memory' as const,
  'region' as const,
);

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: 'wait' as const }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      ifChanged: fc.boolean(),
      force: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('configure' as const),
      fate: fc.oneof(fc.constant('good' as const), bad),
      fewerWorkers: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), who, exit }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stick' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('upgrade' as const), compatible: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('toggle' as const), what: toggled }) },
);

/** Short ones meet the moments of a start, long ones let drains, backoffs and deadlines pass. */
const thenMs = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 3, arbitrary: fc.integer({ min: 100, max: 3000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 3000, max: 70_000 }) },
);

/** Steps of one life at most. */
const LENGTH = 100;
/** Steps of one life on average: some are short, and some end by themselves. */
const AVERAGE = 35;

/** What ends a life comes only among its last steps. */
function lives(): fc.Arbitrary<readonly Step[]> {
  const ending: fc.Arbitrary<Event> = fc.constantFrom({ kind: 'drain' }, { kind: 'stop' }, { kind: 'wait' });
  const steps = fc.array(fc.record({ event, thenMs }), { maxLength: LENGTH, size: 'max' });
  const last = fc.array(fc.record({ event: fc.oneof(event, ending), thenMs }), { maxLength: 5 });
  return fc.tuple(steps, last).map((parts) => parts.flat());
}

/**
 * Tries lives of about `steps` steps in all, and some more. Prints the seed.
 *
 * @returns how many steps were taken
 * @throws with the shortest life found that breaks an invariant
 */
export async function tryLives(steps: number): Promise<number> {
  const seed = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31));
  let taken = 0;
  const property = fc.asyncProperty(lives(), async (life) => {
    taken += await live(life);
  });
  const details = await fc.check(property, { seed, numRuns: Math.ceil(steps / AVERAGE) });
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  console.log(`      ${taken} steps in ${details.numRuns} lives, seed ${seed}`);
  return taken;
}

/** @returns the steps that were taken; fewer than given when the supervisor ended by itself */
async function live(steps: readonly Step[]): Promise<number> {
  const life = new RandomLife();
  const invariants = new LifeInvariants(life);
  await life.clock.advance(1000);
  invariants.check();
  let taken = 0;
  for (const step of steps) {
    if (life.end !== undefined) break;
    await life.take(step);
    invariants.check();
    taken += 1;
  }
  await life.finish();
  invariants.check();
  ok(life.end !== undefined, 'the agent has ended');
  equal(life.answers.given, life.answers.asked, 'every request is answered');
  equal(life.clock.sleepers, 0, 'no timer is left');
  return taken;
}
