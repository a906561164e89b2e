// Random lives of a supervisor as a property: sequences of steps, and the check after each of them.

import { deepEqual, equal, ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { endBoundMs } from './end-bound.ts';
import { LifeInvariants } from './life-invariants.ts';
import {
  FATES,
  KILLED,
  RandomLife,
  type Event,
  type Fate,
  type LifeSettings,
  type Step,
} from './random-life.ts';
import { shutdown } from './settings.ts';

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

const ms = (max: number): fc.Arbitrary<number> => fc.oneof(fc.constant(0), fc.integer({ min: 0, max }));

const endings: fc.Arbitrary<LifeSettings> = fc.record({
  shutdown: fc
    .record({
      preDrainDelayMs: ms(4000),
      terminationDrainMs: ms(20_000),
      exitOnZero: fc.option(
        fc.record({
          of: fc.constant('connections' as const),
          minimumDrainMs: ms(6000),
          maximumDrainMs: fc.option(ms(20_000), { nil: undefined }),
          ignoredPorts: fc.constant([15_021]),
        }),
        { nil: undefined },
      ),
      terminationGraceMs: ms(4000),
      podGraceMs: fc.option(ms(30_000), { nil: undefined }),
      nativeSidecarDrain: fc.boolean(),
    })
    .map(shutdown),
  openLooks: fc.constantFrom(0, 1, 3, Infinity),
});

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
  const property = fc.asyncProperty(lives(), endings, async (life, ending) => {
    taken += await live(life, ending);
  });
  const details = await fc.check(property, { seed, numRuns: Math.ceil(steps / AVERAGE) });
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  console.log(`      ${taken} steps in ${details.numRuns} lives, seed ${seed}`);
  return taken;
}

/** @returns the steps that were taken; fewer than given when the supervisor ended by itself */
async function live(steps: readonly Step[], settings: LifeSettings): Promise<number> {
  const life = new RandomLife(settings);
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
  const bounded = isInTime(life);
  if (!bounded) {
    life.supervisor.skipDrain();
    await life.clock.advance(ENOUGH_MS);
  }
  ok(life.end !== undefined, 'the agent has ended');
  deepEqual([...life.files], [], 'no bootstrap is left');
  const regions = new Set(life.world.envoys.map(({ baseId }) => baseId));
  deepEqual(new Set(life.world.unlinked), regions, 'no region is left');
  equal(life.answers.given, life.answers.asked, 'every request is answered');
  equal(life.clock.sleepers, 0, 'no timer is left');
  return taken;
}

/** From an order not to wait to the end, whatever hangs. */
const ENOUGH_MS = 10_000;

/**
 * Whether the end had a limit.
 *
 * @throws AssertionError when it was not kept
 */
function isInTime(life: RandomLife): boolean {
  const { stoppedAtMs = 0, endedAtMs = Infinity, startedAtDrain, stuckOnce: hangs } = life;
  const drained = startedAtDrain !== undefined;
  const boundMs = endBoundMs({ ...life.settings, drained, hangs });
  ok(endedAtMs - stoppedAtMs <= boundMs, `ended ${endedAtMs - stoppedAtMs} ms after SIGTERM, not ${boundMs}`);
  return boundMs !== Infinity;
}
