// Many agents that are told to end in the middle of something, at a few places of one mesh.

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { Relay } from '../relay.ts';
import { atPlaces } from './in-turn.ts';
import {
  endInTheMiddle,
  faultsOf,
  instantsOf,
  longestEndMs,
  type Instant,
  type InstantEnd,
  type Stage,
} from './instant.ts';
import { ShutdownMesh, type PodEnvironment } from './shutdown-mesh.ts';
import { SilentNameServer } from './silent-name-server.ts';
import { withFreePorts } from './taken-port.ts';
import { SITUATIONS, type Situation, type SituationName } from './situations.ts';

export interface InstantsRun {
  /** One text per end that is not as its settings say. */
  readonly faults: readonly string[];
  /** How much longer than their settings give ends took, in milliseconds, smallest first. */
  readonly lateness: readonly number[];
  /** How long they took, likewise, by situation. */
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
  const nameServer = names.some(asksNames) ? opened.use(await SilentNameServer.start()) : undefined;
  const stages: Stage[] = await Promise.all(
    mesh.places.map(async (place) => {
      const relay = opened.use(await Relay.start(mesh.control.port));
      return { place, relay, nameServer };
    }),
  );
  return summary(
    await atPlaces(instantsOf(names, seed), stages, async (instant, stage) => {
      const end = await withFreePorts(() => endInTheMiddle(instant, stage, mesh));
      return { instant, endedMs: Math.round(end.endedMs), faults: describe(instant, end) };
    }),
  );
}

interface Judged {
  readonly instant: Instant;
  readonly endedMs: number;
  readonly faults: readonly string[];
}

function asksNames(name: SituationName): boolean {
  const { silentResolver = false }: Situation = SITUATIONS[name];
  return silentResolver;
}

function summary(ends: readonly Judged[]): InstantsRun {
  const ascending = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);
  const bySituation = Map.groupBy(ends, ({ instant }) => instant.situation);
  return {
    faults: ends.flatMap(({ faults }) => faults),
    lateness: ascending(ends.map(({ instant, endedMs }) => endedMs - longestEndMs(instant))),
    tookMs: new Map(
      Array.from(bySituation, ([name, those]) => [name, ascending(those.map(({ endedMs }) => endedMs))]),
    ),
  };
}

function describe(instant: Instant, end: InstantEnd): string[] {
  const faults = faultsOf(instant, end);
  return faults.length === 0 ? [] : [`${JSON.stringify(instant)}\n${faults.join('\n')}\n${end.log}`];
}
