// Cells of the shutdown matrix played at a few places of one mesh, and what was wrong with them.

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { cellsOf } from './any-cell.ts';
import { faultsOf, latenessMs, play, waitedForTraffic, type Cell, type PodKind } from './cell.ts';
import { atPlaces } from './in-turn.ts';
import { ShutdownMesh, type PodEnvironment } from './shutdown-mesh.ts';
import { withFreePorts } from './taken-port.ts';
import type { TrafficKind } from './traffic.ts';

export interface MatrixRun {
  readonly cells: number;
  /** In how many of them the end waited for traffic. */
  readonly waited: number;
  /** One text per cell that is not as its settings say. */
  readonly faults: readonly string[];
  /** How much later than their settings say they ended, in milliseconds, smallest first. */
  readonly lateness: readonly number[];
}

export async function playMatrix(
  pairs: readonly (readonly [PodKind, TrafficKind])[],
  seed: number,
  places: number,
  podEnvironment: PodEnvironment = {},
): Promise<MatrixRun> {
  await using folder = await temporaryDirectory();
  await using mesh = await ShutdownMesh.start(folder.path, places, podEnvironment);
  const played = await atPlaces(cellsOf(pairs, seed), mesh.places, async (cell, place) => {
    const story = await withFreePorts(() => play(cell, place, mesh));
    return {
      faults: describe(cell, faultsOf(cell, story), story.log),
      waited: waitedForTraffic(cell, story),
      lateMs: latenessMs(cell, story),
    };
  });
  return {
    cells: played.length,
    waited: played.filter(({ waited }) => waited).length,
    faults: played.flatMap(({ faults }) => faults),
    lateness: played.map(({ lateMs }) => Math.round(lateMs)).toSorted((a, b) => a - b),
  };
}

function describe(cell: Cell, faults: readonly string[], log: string): string[] {
  if (faults.length === 0) return [];
  return [`${JSON.stringify(cell)}\n${faults.join('\n')}\n${log}`];
}
