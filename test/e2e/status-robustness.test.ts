// The status port under callers and applications that are slow, silent, lying and many: the kubelet is answered all the
// while, and afterwards nothing is left. How long a probe takes is measured by the agent's own time on a processor while
// it lasts: on a machine with nothing else to do, that and the time of the clock are the same.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ApplicationName } from './support/status/bad-applications.ts';
import { BesiegedPod, probePath } from './support/status/besieged-pod.ts';

const LIMIT_MS = 100;
/** Where other processes keep the processors and their caches busy. */
const LOADED_LIMIT_MS = 300;
const PROBE_EVERY_MS = 20;
const FEWEST_PROBES = 20;
/** What may be kept for the next time. */
const KEPT_MIB = 4;
const BAD: readonly ApplicationName[] = [
  'slow',
  'hanging',
  'shorter',
  'longer',
  'chunks',
  'encoding',
  'headers',
  'gibberish',
  'huge',
];

describe('a status port under siege', function () {
  this.timeout(120_000);

  it('answers readiness in time, and holds nothing afterwards', async () => {
    await using besieged = await BesiegedPod.start([...BAD, 'good']);
    await probedUnderSiege(besieged, 1000); // what is loaded, and kept for good
    await besieged.settled({ memoryMiB: Infinity });
    const before = await besieged.holdings();

    const probes = await probedUnderSiege(besieged, 2000);

    const [busyMs, tookMs] = [probes.map((probe) => probe.busyMs), probes.map((probe) => probe.tookMs)];
    ok(quantile(busyMs, 0.5) < LIMIT_MS, `time of the agent, milliseconds: ${busyMs.join(' ')}`);
    ok(quantile(busyMs, 0.9) < LOADED_LIMIT_MS, `time of the agent, milliseconds: ${busyMs.join(' ')}`);
    ok(quantile(tookMs, 0.5) < 3 * LOADED_LIMIT_MS, `milliseconds: ${tookMs.join(' ')}`);
    await besieged.settled({ ...before, memoryMiB: before.memoryMiB + KEPT_MIB });
    deepEqual((await besieged.pod.log()).match(/^ +at .*$/gm), null, 'no stack is logged');
  });
});

interface Probe {
  readonly tookMs: number;
  /** Time of the agent's main thread meanwhile. */
  readonly busyMs: number;
}

async function probedUnderSiege(besieged: BesiegedPod, ms: number): Promise<Probe[]> {
  let probes: Probe[] = [];
  const answers = await besieged.siege([...BAD, 'good'], async () => {
    probes = await probed(besieged, ms);
  });
  const wrong = ['/healthz/ready 503', `${probePath('hanging')} 200`].filter((answer) => answer in answers);
  deepEqual(wrong, []);
  return probes;
}

/** Over a kept connection and over new ones, in turns; every answer has to be 200. */
async function probed(besieged: BesiegedPod, ms: number): Promise<Probe[]> {
  const url = besieged.pod.status('/healthz/ready');
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const probes: Probe[] = [];
  const endMs = performance.now() + ms;
  for (let turn = 0; performance.now() < endMs || turn < FEWEST_PROBES; turn += 1) {
    const [startMs, startBusyMs] = [performance.now(), await besieged.busyMs()];
    const agent = turn % 2 === 0 && kept;
    const [answer] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
    const busyMs = (await besieged.busyMs()) - startBusyMs;
    probes.push({ tookMs: performance.now() - startMs, busyMs });
    equal(answer.statusCode, 200);
    answer.resume();
    await sleep(PROBE_EVERY_MS);
  }
  kept.destroy();
  return probes;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
}
