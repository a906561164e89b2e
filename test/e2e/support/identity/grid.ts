// The cells of the fault grid as tests: several are played at the same time in one mesh, since what they wait for is
// timers, and each is then held against the rule.

import { deepEqual, match, ok } from 'node:assert/strict';

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { expected, play, type Cell, type Story } from './cell.ts';
import { FaultMesh } from './fault-mesh.ts';

/** As many agents and Envoys as two cores carry without being late for anything. */
const AT_ONCE = 10;

/** To be called inside a `describe`. */
export function gridFacts(cells: readonly Cell[]): void {
  let stories: PromiseSettledResult<Story>[];

  before(async () => {
    await using folder = await temporaryDirectory();
    await using mesh = await FaultMesh.start(folder.path, cells.length);
    stories = await playAll(mesh, cells);
  });

  for (const [index, cell] of cells.entries()) {
    const { cause, moment } = cell;
    const { failedHandshakes: _none, ...outcome } = expected(cell);
    it(`${cause.name} at ${moment}: ${describeOutcome(outcome)}`, () => {
      const result = stories[index];
      if (result?.status !== 'fulfilled') throw result?.reason;
      const { log, answered, otherFailures, ...seen } = result.value;

      deepEqual(seen, expected(cell), log);
      ok(answered > 0);
      if (cause.killsEnvoy !== true) deepEqual(otherFailures, []);
      const told = cause.told[moment];
      if (told !== undefined) match(log, told);
    });
  }
}

function describeOutcome({
  ready,
  certificate,
  afterwards,
}: Omit<Story, 'log' | 'answered' | 'otherFailures' | 'failedHandshakes'>): string {
  return `${ready ? 'ready' : 'not ready'}, certificate ${certificate}, ${afterwards} afterwards`;
}

async function playAll(mesh: FaultMesh, cells: readonly Cell[]): Promise<PromiseSettledResult<Story>[]> {
  const stories: PromiseSettledResult<Story>[] = [];
  const waiting = [...cells.entries()];
  const playInTurn = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, cell] = next;
      [stories[index]] = await Promise.allSettled([play(mesh, cell)]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playInTurn));
  return stories;
}
