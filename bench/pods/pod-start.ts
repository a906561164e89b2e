// How long the proxy's container takes to start, by the agent's own line about it and the kernel's time of its first
// process.

import { readFile } from 'node:fs/promises';

import { PROXY } from '../../test/e2e/pods/cases/pod-facts.ts';
import type { RunningPod } from '../../test/e2e/pods/kubelet/kubelet.ts';
import type { Bench, Row } from '../figures.ts';
import { inMesh, startPod } from './sidecar-pod.ts';

const RUNS = 7;
const READY_MS = 60_000;
/** Of the kernel's accounting: USER_HZ is 100 on every machine Node runs on. */
const TICK_MS = 10;

const READY_LINE = /^(\S+)\t.*\tReady (\d+) ms after the start: (.*?)(?:;|$)/m;
const FIRST_LINE = /^(\S+)\tinfo\tFLAG/m;

export const podStart: Bench = {
  name: 'pod-start',
  how:
    `native sidecars run by podman from the image, ${RUNS} after one that does not count; milliseconds since Node ` +
    `began, by the agent's own log; the container's first process by the kernel, exact to ${2 * TICK_MS} ms; after the ` +
    `last step the pod is ready at the next probe`,
  run: () =>
    inMesh(async (mesh) => {
      const starts: PodStart[] = [];
      for (let run = 0; run <= RUNS; run += 1) {
        const pod = await startPod(mesh, `start-${run}`);
        starts.push(await startOf(pod));
        await mesh.delete(pod);
      }
      return rowsOf(starts.slice(1));
    }),
};

/** Milliseconds since Node began, but for the first. */
interface PodStart {
  /** From the container's first process to the first moment of Node. */
  readonly nodeBegins: number;
  readonly firstLine: number;
  readonly envoySpawned: number;
  readonly listenersAccepted: number;
  readonly envoyLive: number;
}

function rowsOf(starts: readonly PodStart[]): readonly Row[] {
  const row = (what: string, value: (start: PodStart) => number): Row => {
    return { what, unit: 'ms', values: starts.map(value) };
  };
  return [
    row('first process of the container to Node', ({ nodeBegins }) => nodeBegins),
    row('the first log line', ({ firstLine }) => firstLine),
    row('Envoy spawned', ({ envoySpawned }) => envoySpawned),
    row('Envoy has its listeners', ({ listenersAccepted }) => listenersAccepted),
    row('Envoy is live', ({ envoyLive }) => envoyLive),
  ];
}

async function startOf(pod: RunningPod): Promise<PodStart> {
  await pod.untilReady(READY_MS);
  return startIn(await pod.log(PROXY), await startMsOf(pod.containerPid(PROXY)));
}

/** @param firstProcessMs since the Unix epoch */
function startIn(log: string, firstProcessMs: number): PodStart {
  const [, readyAt = '', total = '', list = ''] = READY_LINE.exec(log) ?? [];
  const nodeMs = Date.parse(readyAt) - Number(total);
  const parts = list.split(', ').map((part) => part.split(' '));
  const until = (step: string): number => {
    const last = parts.findIndex(([name]) => name === step);
    return parts.slice(0, last + 1).reduce((sum, [, ms]) => sum + Number(ms), 0);
  };
  return {
    nodeBegins: nodeMs - firstProcessMs,
    firstLine: Date.parse(FIRST_LINE.exec(log)?.[1] ?? '') - nodeMs,
    envoySpawned: until('spawn'),
    listenersAccepted: until('lds'),
    envoyLive: until('live'),
  };
}

/** When the process began, since the Unix epoch; exact to two ticks. */
async function startMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [upSeconds = ''] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  const ticks = stat.slice(stat.lastIndexOf(')')).split(' ')[20];
  return Date.now() - Number(upSeconds) * 1000 + Number(ticks) * TICK_MS;
}
