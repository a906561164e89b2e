// The time line of a start: the whole agent as a process, the real Envoy and the embedded control plane.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';

import type { StartupReport } from '../../src/agent/startup-timeline.ts';
import { freePorts } from '../../examples/demo/free-ports.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { answeringListener, staticCluster } from './support/mesh-resources.ts';
import { Pod } from './support/pod.ts';

async function report(pod: Pod): Promise<StartupReport> {
  return (await (await fetch(pod.status('/debug/startup'))).json()) as StartupReport;
}

describe('the start of an agent', function () {
  this.timeout(60_000);

  it('is told in parts that add up to what a watcher measures from outside', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const resources = [answeringListener('hello', port), staticCluster('web', port)];
    await using control = await ControlPlane.start(join(folder.path, 'control'), {
      config: { 'all.yaml': { resources } },
    });
    await using pod = await Pod.start(join(folder.path, 'pod'), { control });
    const spawnedMs = Date.now();
    await pod.ready();
    const wholeMs = Date.now() - spawnedMs;
    await pod.until(async () => (await report(pod)).beside.length === 2); // nobody waits for the certificate

    const { parts, beside, totalMs, ready, processStart } = await report(pod);

    const names = parts.map(({ name }) => name).join(' ');
    equal(names, 'load configuration modules preparation bootstrap spawn cds lds live ready');
    deepEqual(beside.map(({ name }) => name).toSorted(), ['csr', 'token']);
    equal(ready, true);
    const sumMs = parts.reduce((sum, { ms }) => sum + ms, 0);
    ok(Math.abs(sumMs - totalMs) <= totalMs * 0.05, `${sumMs} of ${totalMs}`);
    // the watcher polls, through Envoy and an agent that both may be kept waiting
    const atReadyMs = Date.parse(processStart) - spawnedMs + totalMs;
    ok(atReadyMs <= wholeMs + 5 && atReadyMs > wholeMs / 2, `${atReadyMs} of ${wholeMs}`);
    const line = /Ready (\d+) ms after the start: load \d+, configuration \d+, .*ready \d+/g;
    deepEqual(
      [...(await pod.log()).matchAll(line)].map(([, ms]) => Number(ms)),
      [totalMs],
    );
  });

  it('has no part that does not happen: no Envoy, no configuration for it', async () => {
    await using folder = await temporaryDirectory();
    await using control = await ControlPlane.start(join(folder.path, 'control'), { config: {} });
    await using pod = await Pod.start(join(folder.path, 'pod'), { control, env: { DISABLE_ENVOY: 'true' } });
    await pod.until(async () => (await fetch(pod.status('/debug/startup'))).ok);
    equal((await report(pod)).ready, false); // nobody has asked

    await pod.until(async () => (await fetch(pod.status('/healthz/ready'))).ok);

    const { parts, totalMs } = await report(pod);
    const names = parts.map(({ name }) => name).filter((name) => name !== 'preparation'); // a probe may come before
    equal(names.join(' '), 'load configuration modules ready');
    equal(
      parts.reduce((sum, { ms }) => sum + ms, 0),
      totalMs,
    );
  });
});
