// The ends of test/e2e/shutdown-matrix.test.ts and shutdown-instants.test.ts, enough of them for a rare combination
// or an unlucky moment to show. FUZZ_SEED repeats a run.

import { deepEqual, ok } from 'node:assert/strict';

import { PAIRS } from '../e2e/support/shutdown/any-cell.ts';
import { compileAgent } from '../e2e/support/shutdown/compiled-agent.ts';
import { endManyInTheMiddle, type InstantsRun } from '../e2e/support/shutdown/instants.ts';
import { playMatrix } from '../e2e/support/shutdown/matrix.ts';
import type { PodEnvironment } from '../e2e/support/shutdown/shutdown-mesh.ts';
import type { SituationName } from '../e2e/support/shutdown/situations.ts';
import { namespaceObstacle } from '../iptables/network-namespace.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
const PLACES = 3;

/** How often every sort of pod meets every kind of traffic, with other settings each time. */
const ROUNDS = 5;
/** Half of the ends are no later than that. */
const USUAL_LATENESS_MS = 500;

const INSTANTS: Readonly<Record<SituationName, number>> = {
  'first instants': 50,
  start: 150,
  'silent resolver': 20,
  handoff: 80,
  'spoiled restart': 50,
  rotation: 40,
  crash: 50,
  'stopped Envoy': 20,
  'hanging admin port': 15,
  drain: 25,
};

describe('the end of a pod, many times', () => {
  const obstacle = namespaceObstacle();
  let compiled: TemporaryDirectory;
  let podEnvironment: PodEnvironment;

  before(async () => {
    compiled = await temporaryDirectory();
    podEnvironment = await compileAgent(compiled.path);
  });

  after(() => compiled.remove());

  it(`comes when its settings say, leaves nothing, and cuts nothing that they let finish, ${PAIRS.length * ROUNDS} times`, async () => {
    const pairs = Array<typeof PAIRS>(ROUNDS).fill(PAIRS).flat();

    const { cells, waited, faults, lateness } = await playMatrix(pairs, SEED, PLACES, podEnvironment);

    console.log(
      `  seed ${SEED}: ${cells} ends, ${waited} of them waited for traffic, late by ${median(lateness)} ms (median), ${lateness.at(-1)} ms (longest)`,
    );
    deepEqual(faults, [], `seed ${SEED}`);
    ok(waited > 0);
    ok(median(lateness) < USUAL_LATENESS_MS, `late by ${median(lateness)} ms`);
  });

  it(`comes in time and leaves nothing at ${sum(Object.values(INSTANTS))} random instants of all that an agent does`, async () => {
    const needRoot: readonly string[] = ['silent resolver', 'hanging admin port'] satisfies SituationName[];
    if (obstacle !== undefined) console.log(`  ${needRoot.join(' and ')} are not tried: ${obstacle}`);
    const names = (Object.keys(INSTANTS) as SituationName[])
      .filter((name) => obstacle === undefined || !needRoot.includes(name))
      .flatMap((name) => Array<SituationName>(INSTANTS[name]).fill(name));

    const run = await endManyInTheMiddle(names, SEED, PLACES, podEnvironment);

    console.log(`  seed ${SEED}\n${describeTimes(run)}`);
    deepEqual(run.faults, [], `seed ${SEED}`);
    ok(median(run.lateness) < USUAL_LATENESS_MS, `late by ${median(run.lateness)} ms`);
  });
});

/** @param numbers smallest first */
function median(numbers: readonly number[]): number {
  return numbers[Math.trunc(numbers.length / 2)] ?? 0;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function describeTimes({ tookMs }: InstantsRun): string {
  return Array.from(
    tookMs,
    ([name, times]) =>
      `  ${name}: ${times.length} ends, ${median(times)} ms (median), ${times.at(-1)} ms (longest)`,
  ).join('\n');
}
