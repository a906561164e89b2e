// Random settings for the cells of the shutdown matrix, none of which makes an end last longer than a few seconds.

import * as fc from 'fast-check';

import { POD_KINDS, type Cell, type PodKind } from './cell.ts';
import type { Second, TimeLine } from './time-line.ts';
import { TRAFFIC_KINDS, type TrafficKind } from './traffic.ts';

const ms = (min: number, max: number): fc.Arbitrary<number> =>
  fc.noBias(fc.integer({ min: min / 100, max: max / 100 })).map((tenths) => tenths * 100);

/** What sets an end whatever is open is rarer than what waits, or waiting would be. */
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 2 }, { arbitrary: value, weight: 1 });

const onZero = fc
  .record({
    of: fc.constantFrom('connections' as const, 'requests' as const),
    minimumMs: ms(0, 1500),
    /** Beyond the first look, which comes a second after the minimum. */
    more: rarely(ms(1500, 3000)),
  })
  .map(({ of, minimumMs, more }) => ({ of, minimumMs, maximumMs: more && minimumMs + more }));

const second: fc.Arbitrary<Second> = fc
  .record({
    kind: fc.constantFrom(['SIGTERM', false] as const, ['SIGTERM', true] as const, ['SIGINT', true] as const),
    afterMs: ms(200, 1500),
  })
  .map(({ kind: [signal, aborts], afterMs }) => ({ signal, aborts, afterMs }));

const line: fc.Arbitrary<TimeLine> = fc.record({
  hotRestart: fc.boolean(),
  preDrainMs: fc.oneof(fc.constant(0), ms(300, 1000)),
  drainMs: ms(500, 3000),
  onZero: fc.option(onZero, { nil: undefined, freq: 2 }),
  podGraceSeconds: rarely(fc.integer({ min: 3, max: 6 })),
  termGraceMs: fc.constantFrom(0, 2000),
  second: rarely(second),
});

const settings = fc.record({
  line,
  nativeDrain: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  trafficMs: ms(200, 5000),
});

/** Every sort of pod with every kind of traffic. */
export const PAIRS: readonly (readonly [PodKind, TrafficKind])[] = POD_KINDS.flatMap((pod) =>
  TRAFFIC_KINDS.map((traffic) => [pod, traffic] as const),
);

/** One cell per pair, with settings of the seed. */
export function cellsOf(pairs: readonly (readonly [PodKind, TrafficKind])[], seed: number): Cell[] {
  const drawn = fc.sample(settings, { seed, numRuns: pairs.length });
  return pairs.flatMap(([pod, traffic], index) => {
    const each = drawn[index];
    return each === undefined ? [] : [{ pod, traffic, ...each }];
  });
}
