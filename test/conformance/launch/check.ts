// One case of a start: run, then compared as a whole, so that a failure shows every difference at once.

import assert from 'node:assert/strict';

import { namespaceObstacle } from '../../iptables/network-namespace.ts';
import { startAgent } from './agent-start.ts';
import { wantedLaunch } from './deviations.ts';
import type { AgentStart } from './launch-case.ts';
import { actualOutcome, wantedOutcome } from './outcome.ts';

export async function checkLaunch(item: AgentStart, rootCertificate: string): Promise<void> {
  assert.equal(namespaceObstacle(), undefined);
  const wanted = wantedLaunch(item);
  const actual = await startAgent(item, rootCertificate, (run) => actualOutcome(run, wanted));
  assert.deepEqual(actual, wantedOutcome(wanted));
}
