// What every run of restarts must show, however long it is.

import { deepEqual, equal, ok } from 'node:assert/strict';

import { describeLoad, totalOf, type LoadReport } from './load/load.ts';
import type { AttackRun } from './random-kills.ts';
import { regionOf } from './restarting-pod.ts';
import type { FailedRestart, Run } from './restart-runs.ts';

/** Open files come and go with probes and scrapes. */
const OPEN_FILES_TOLERANCE = 4;

/** Every request was answered, and the kept connections were kept. */
export function nothingFailed(load: LoadReport): void {
  const { failures, sent, answered } = totalOf(load);
  deepEqual(failures, [], describeLoad(load));
  equal(answered, sent);
  for (const { sent } of Object.values(load)) ok(sent > 100, describeLoad(load));
  for (const { sent, connections } of [load.kept, load.http2]) {
    ok(connections < sent / 4, describeLoad(load));
  }
}

/** Each spoiled restart ended as it must, and the next one worked. */
export function failedAsExpected(restarts: readonly FailedRestart[], count: number): void {
  equal(restarts.length, count);
  for (const { what, expected, outcome, next } of restarts) {
    deepEqual({ outcome, next }, { outcome: expected, next: 'committed' }, `a candidate that ${what}`);
  }
}

/** What no client may see outlast this. */
const OUTAGE_LIMIT_MS = 2000;

/** Nothing failed where the old Envoy served on, elsewhere not for long; and a later restart works each time. */
export function survived({ attacks, strangers }: AttackRun): void {
  for (const { what, startedAnew, failures, longestOutageMs, next } of attacks) {
    if (!startedAnew) deepEqual(failures, [], what);
    ok(longestOutageMs < OUTAGE_LIMIT_MS, `${what}: nobody was answered for ${longestOutageMs} ms`);
    equal(next, 'committed', what);
  }
  deepEqual(strangers, []);
}

/** R4: one Envoy is left and one region, the agent holds what it held at the start, and at the end nothing is there. */
export function nothingLeaked({ early, late, last, regions, exit, regionLeft }: Run): void {
  const limit = early.openFiles + OPEN_FILES_TOLERANCE;
  ok(late.openFiles <= limit, `${early.openFiles} open files became ${late.openFiles}`);
  deepEqual(late.children, [last.active?.pid]);
  deepEqual(regions, [regionOf(last)]);
  deepEqual(exit, { code: 0, signal: null });
  equal(regionLeft, false);
}
