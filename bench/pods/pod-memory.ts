// What the proxy's container takes of its memory limit, and how that is shared out between the agent and Envoy.

import { setTimeout as sleep } from 'node:timers/promises';

import { PROXY } from '../../test/e2e/pods/cases/pod-facts.ts';
import type { RunningPod } from '../../test/e2e/pods/kubelet/kubelet.ts';
import type { Bench, Row } from '../figures.ts';
import { footprint, type Footprint } from '../footprint.ts';
import { lightTraffic, REQUESTS_PER_SECOND, SCRAPE_SECONDS } from './light-traffic.ts';
import { groupMemory, processesOf, type GroupMemory } from './memory-group.ts';
import { inMesh, startPod } from './sidecar-pod.ts';

const READY_MS = 60_000;
/** Time for what a start leaves behind to be collected. */
const SETTLE_MS = 2000;
const MINUTES = Number(process.env['MINUTES'] ?? 1);

export const podMemory: Bench = {
  name: 'pod-memory',
  how:
    `two native sidecars run by podman from the image: their containers' memory control groups, and what of that is ` +
    `whose by each process's smaps_rollup, ${SETTLE_MS / 1000} s after ready and after MINUTES=${MINUTES} of ` +
    `${REQUESTS_PER_SECOND} requests a second each way through capture, the kubelet's probes, and a scrape every ` +
    `${SCRAPE_SECONDS} s`,
  run: () =>
    inMesh(async (mesh, node) => {
      const pods = await Promise.all([startPod(mesh, 'memory-1'), startPod(mesh, 'memory-2')]);
      await Promise.all(pods.map((pod) => pod.untilReady(READY_MS)));
      await sleep(SETTLE_MS);
      const ready = await Promise.all(pods.map(memoryOf));
      const { asked, failed } = await lightTraffic(pods, node, MINUTES * 60_000);
      const later = await Promise.all(pods.map(memoryOf));
      return [
        ...rowsOf('ready', ready),
        ...rowsOf(`after ${MINUTES} min`, later),
        { what: 'requests and scrapes', unit: '', values: [asked] },
        { what: 'of them failed', unit: '', values: [failed] },
      ];
    }),
};

interface ContainerMemory {
  readonly group: GroupMemory;
  readonly agent: Footprint;
  readonly envoy: Footprint;
}

async function memoryOf(pod: RunningPod): Promise<ContainerMemory> {
  const pid = pod.containerPid(PROXY);
  const processes = await processesOf(pid);
  const ofProgram = (name: string): Promise<Footprint> => footprint(processes.get(name) ?? NaN);
  return { group: await groupMemory(pid), agent: await ofProgram('node'), envoy: await ofProgram('envoy') };
}

function rowsOf(when: string, measured: readonly ContainerMemory[]): readonly Row[] {
  const row = (what: string, value: (memory: ContainerMemory) => number): Row => {
    return { what: `${when}: ${what}`, unit: 'MiB', values: measured.map(value) };
  };
  return [
    row('container, charged', ({ group }) => group.charged),
    row('container, working set', ({ group }) => group.workingSet),
    row('container, allocated', ({ group }) => group.anonymous),
    row('container, files', ({ group }) => group.files),
    row('container, kernel', ({ group }) => group.kernel),
    row('agent, allocated', ({ agent }) => agent.anonymous),
    row('agent, resident', ({ agent }) => agent.resident),
    row('Envoy, allocated', ({ envoy }) => envoy.anonymous),
    row('Envoy, resident', ({ envoy }) => envoy.resident),
  ];
}
