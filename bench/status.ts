// What the status port costs: rates of probes, time and memory of a merge, and the processor an idle agent takes while
// it is probed and scraped as in a cluster.

import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Bench, type Row } from './figures.ts';
import { footprint, forgetPeak, peakOf, processorMs } from './footprint.ts';
import { HTTP_PROBE, measuredPod, TCP_PROBE, type MeasuredPod } from './status/measured-pod.ts';
import { wrk, type Rate } from './status/wrk.ts';

const RUNS = 5;
/** Likewise few, and an application of its own for each kind of probe: see wrk.ts. */
const RATE_RUNS = 3;
const LINES = 100_000;
/** Time for what a start leaves behind to be collected. */
const SETTLE_MS = 2000;
const PROBE_EVERY_MS = 2000;
const SCRAPE_EVERY_MS = 15_000;
/** BENCH_IDLE_SECONDS shortens it. */
const IDLE_SECONDS = Number(process.env.BENCH_IDLE_SECONDS ?? 180);

export const status: Bench = {
  name: 'status',
  how:
    `the compiled agent with Envoy, the application a process of its own; rates by wrk, 16 connections, 3 s, ` +
    `${RATE_RUNS} runs; scrapes of ${LINES} lines one after the other; idle: ${IDLE_SECONDS} s of /proc/<pid>/stat, a probe every ` +
    `${PROBE_EVERY_MS / 1000} s through Envoy and a scrape every ${SCRAPE_EVERY_MS / 1000} s`,
  run: async () => [
    ...(await rateRows()),
    ...(await mergeRows('parity')),
    ...(await mergeRows('strict')),
    ...(await idleRows()),
  ],
};

async function rateRows(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const path of ['/healthz/ready', HTTP_PROBE, TCP_PROBE]) {
    await using measured = await measuredPod(0);
    await wrk(measured.pod.status(path)); // compiles
    const rates: Rate[] = [];
    for (let run = 0; run < RATE_RUNS; run += 1) rates.push(await wrk(measured.pod.status(path)));
    rows.push(
      { what: `${path}: rate`, unit: '1/s', values: rates.map(({ perSecond }) => perSecond) },
      { what: `${path}: p99`, unit: 'ms', values: rates.map(({ p99Ms }) => p99Ms) },
    );
  }
  return rows;
}

interface Scrape {
  readonly tookMs: number;
  readonly addedMs: number;
  readonly peakMiB: number;
  readonly processorMs: number;
}

async function mergeRows(mode: 'parity' | 'strict'): Promise<Row[]> {
  await using measured = await measuredPod(LINES, { METRICS_MERGE: mode });
  for (let warm = 0; warm < RUNS; warm += 1) await scrape(measured);
  await sleep(SETTLE_MS);
  const scrapes: Scrape[] = [];
  for (let run = 0; run < RUNS; run += 1) scrapes.push(await scrape(measured));
  const row = (what: string, unit: string, value: (one: Scrape) => number): Row => {
    return { what: `merge, ${mode}: ${what}`, unit, values: scrapes.map(value) };
  };
  return [
    row('whole scrape', 'ms', ({ tookMs }) => tookMs),
    row('longer than from the application', 'ms', ({ addedMs }) => addedMs),
    row('processor of the agent', 'ms', (one) => one.processorMs),
    row('memory for a moment', 'MiB', ({ peakMiB }) => peakMiB),
  ];
}

async function scrape({ pod, applicationPort }: MeasuredPod): Promise<Scrape> {
  const directMs = await timeOf(`http://127.0.0.1:${applicationPort}/metrics`);
  const { resident } = await footprint(pod.pid);
  const usedMs = await processorMs(pod.pid);
  await forgetPeak(pod.pid);
  const tookMs = await timeOf(pod.status('/stats/prometheus'));
  const peakMiB = (await peakOf(pod.pid)) - resident;
  return {
    tookMs,
    addedMs: tookMs - directMs,
    peakMiB,
    processorMs: (await processorMs(pod.pid)) - usedMs,
  };
}

/** Until the last byte, which is not looked at. */
function timeOf(url: string): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(performance.now() - startMs));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** While nobody asks, and while probes and scrapes come as in a cluster. */
async function idleRows(): Promise<Row[]> {
  await using measured = await measuredPod(1000);
  const { pod } = measured;
  await timeOf(pod.status('/stats/prometheus')); // loads what a scrape needs
  await sleep(SETTLE_MS);
  const alone = await milliCpu(pod.pid, () => Promise.resolve(), PROBE_EVERY_MS);
  const turns = SCRAPE_EVERY_MS / PROBE_EVERY_MS;
  let turn = 0;
  const asked = await milliCpu(
    pod.pid,
    async () => {
      turn += 1;
      await timeOf(`http://127.0.0.1:${pod.ports.health}/healthz/ready`);
      if (Math.floor(turn / turns) > Math.floor((turn - 1) / turns))
        await timeOf(pod.status('/stats/prometheus'));
    },
    PROBE_EVERY_MS,
  );
  return [
    { what: 'idle, nobody asks', unit: 'mCPU', values: [alone] },
    { what: 'idle, probed and scraped (1,000 lines)', unit: 'mCPU', values: [asked] },
  ];
}

/** Thousandths of one processor, while `act` happens at every tick. */
async function milliCpu(pid: number, act: () => Promise<void>, everyMs: number): Promise<number> {
  const startMs = performance.now();
  const usedMs = await processorMs(pid);
  for (let at = startMs + everyMs; at <= startMs + IDLE_SECONDS * 1000; at += everyMs) {
    await sleep(Math.max(0, at - performance.now()));
    await act();
  }
  return (1000 * ((await processorMs(pid)) - usedMs)) / (performance.now() - startMs);
}
