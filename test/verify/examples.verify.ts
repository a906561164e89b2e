// What examples/kubernetes writes out, run beyond what a test run has time for.

import { ok } from 'node:assert/strict';

import { runPod } from '../examples/written-out-pod.ts';

describe('examples/kubernetes', () => {
  it('has a gateway that runs as it is written', async () => {
    await runPod('gateway-written-out.yaml', 'edge', async (pod) => {
      const { stdout } = await pod.exec(['pilot-agent', 'request', 'GET', 'server_info']);
      ok(stdout.includes('router~10.77.0.2~edge-1.default~'), stdout);
    });
  });
});
