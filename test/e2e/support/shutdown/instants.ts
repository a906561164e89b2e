// Many agents that are told to end in the middle of something, at a few places of one mesh.

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { Relay } from '../relay.ts';
import { atPlaces } from './in-turn.ts';
import { endInTheMiddle, faultsOf, instantsOf } from './instant.ts';
import { ShutdownMesh, type PodEnvironment } from './shutdown-mesh.ts';
import { SilentNameServer } from './silent-name-server.ts';
import { SITUATIONS, type Situation, type SituationName } from './situations.ts';

export interface InstantsRun {
  /** One text per end that is not as its settings say. */
  readonly faults: readonly string[];
  /** How long ends took, in milliseconds, smallest first, by situation. */
  readonly tookMs: ReadonlyMap<SituationName, readonly number[]>;
}

export async function endManyInTheMiddle(
  names: readonly SituationName[],
  seed: number,
  placeCount: number,
  podEnvironment: PodEnvironment = {},
): Promise<InstantsRun> {
  await using opened = new AsyncDisposableStack();
  const { path: folder } = opened.use(await temporaryDirectory());
  const mesh = opened.use(await ShutdownMesh.start(folder, placeCount, podEnvironment));
  const asksNames = (name: SituationName): boolean => (SITUATIONS[name] as Situation).silentResolver === true;
  if (names.some(asksNames)) opened.use(await SilentNameServer.start());
  const places = await Promise.all(
    mesh.places.map(async (place) => ({ place, relay: opened.use(await Relay.start(mesh.control.port)) })),
  );
  const ends = await atPlaces(instantsOf(names, seed), places, async (instant, { place, relay }) => {
    const end = await endInTheMiddle(instant, place, relay, mesh);
    const faults = faultsOf(instant, end);
    const fault = faults.length === 0 ? [] : [`${JSON.stringify(instant)}\n${faults.join('\n')}\n${end.log}`];
    return { name: instant.situation, fault, endedMs: Math.round(end.endedMs) };
  });
  const tookMs = Map.groupBy(ends, ({ name }) => name);
  return {
    faults: ends.flatMap(({ fault }) => fault),
    tookMs: new Map(
      Array.from(tookMs, ([name, those]) => [
        name,
        those.map(({ endedMs }) => endedMs).toSorted((a, b) => a - b),
      ]),
    ),
  };
}
