// One case of a start: run, then compared as a whole, so that a failure shows every difference at once.

import assert from 'node:assert/strict';

import { startAgent } from './agent-start.ts';
import { wantedLaunch } from './deviations.ts';
import type { LaunchCase } from './launch-case.ts';
import { actualOutcome, wantedOutcome } from './outcome.ts';

export async function checkLaunch(item: LaunchCase, rootCertificate: string): Promise<void> {
  const wanted = wantedLaunch(item);
  const actual = await startAgent(item, rootCertificate, (run) => actualOutcome(run, wanted));
  assert.deepEqual(actual, wantedOutcome(wanted));
}
