// An application that goes on calling out after SIGTERM, and what the settings of the end make of its calls.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import {
  endLate,
  type Calls,
  type LateEnd,
  type PodEnd,
} from './support/late-application/late-application.ts';

/** For 2 s. */
const CALLS: Calls = { requests: 100, everyMs: 20, kept: true };
const ENDED = { code: 0, signal: null };

const ENDS = {
  tooShort: { proxyConfig: { terminationDrainDuration: '500ms' } },
  longEnough: { proxyConfig: { terminationDrainDuration: '5s' } },
  untilZero: { env: { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true', MINIMUM_DRAIN_DURATION: '500ms' } },
  nativeSidecar: { proxyConfig: { terminationDrainDuration: '500ms' }, nativeSidecar: true },
} satisfies Readonly<Record<string, PodEnd>>;

describe('an application that closes late', function () {
  this.timeout(90_000);
  let ends: Readonly<Record<keyof typeof ENDS, LateEnd>>;

  // The pods mostly wait, so they end side by side.
  before(async () => {
    await using folder = await temporaryDirectory();
    const runs = Object.entries(ENDS).map(async ([name, end]) => {
      return [name, await endLate(join(folder.path, name), end, CALLS)] as const;
    });
    ends = Object.fromEntries(await Promise.all(runs)) as typeof ends;
  });

  it('loses the calls it makes after a drain that is too short', () => {
    const { calls, exit } = ends.tooShort;

    deepEqual(exit, ENDED);
    ok((calls?.failed ?? 0) > 0);
  });

  for (const [name, how] of [
    ['longEnough', 'while the drain lasts longer than it does'],
    ['untilZero', 'while Envoy waits for its connections'],
    ['nativeSidecar', 'when the sidecar ends after it'],
  ] as const) {
    it(`loses no call ${how}`, () => {
      const { calls, exit } = ends[name];

      equal(calls?.failed, 0, calls?.reasons.join(', '));
      deepEqual(exit, ENDED);
    });
  }
});
