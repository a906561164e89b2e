// What the agent costs between Envoy and the control plane: time added to a response, throughput, memory, processor,
// and how long its event loop is busy at a stretch.

import { setTimeout as sleep } from 'node:timers/promises';

import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { AGENT } from './built-agent.ts';
import { median, quantile, type Bench, type Row } from './figures.ts';
import { footprint, forgetPeak, peakOf, processorMs } from './footprint.ts';
import { MeasuredAgent } from './xds/measured-agent.ts';
import type { Delivery } from './xds/push-client.ts';
import type { PushOrder } from './xds/push-order.ts';

const RUNS = 5;
const KIB = 1024;
const MIB = 1024 * KIB;
/** Time for what a start leaves behind to be collected. */
const SETTLE_MS = 2000;

const TIMED = {
  '10 KiB': { sizeBytes: 10 * KIB, count: 300, pace: 'acknowledged' },
  '1 MiB': { sizeBytes: MIB, count: 40, pace: 'acknowledged' },
  '20 MiB': { sizeBytes: 20 * MIB, count: 8, pace: 'acknowledged' },
  '10 KiB, 50/s': { sizeBytes: 10 * KIB, count: 100, pace: '50/s' },
  '10 KiB, 50 at once': { sizeBytes: 10 * KIB, count: 50, pace: 'at once' },
} as const satisfies Readonly<Record<string, PushOrder>>;

const STREAMED = {
  '10 KiB': { sizeBytes: 10 * KIB, count: 3000, pace: 'at once' },
  '1 MiB': { sizeBytes: MIB, count: 150, pace: 'at once' },
  '20 MiB': { sizeBytes: 20 * MIB, count: 10, pace: 'at once' },
} as const satisfies Readonly<Record<string, PushOrder>>;

/** The first is not counted: it compiles and connects. */
const ORDERS: readonly PushOrder[] = [
  { sizeBytes: 10 * KIB, count: 100, pace: 'acknowledged' },
  ...Object.values(TIMED),
  ...Object.values(STREAMED),
];

const PUSHES: PushOrder = { sizeBytes: 1.4e6, count: 50, pace: 'acknowledged' };

export const xds: Bench = {
  name: 'xds',
  how:
    `the compiled agent, a server and a client as processes; server to client over TLS, or server to agent over TLS and ` +
    `agent to client over its Unix socket, in turns, ${RUNS} runs; a response's time is from its making to its arrival`,
  run: async () => {
    await using folder = await temporaryDirectory();
    await using agent = await MeasuredAgent.start(folder.path, [AGENT]);
    const runs: Run[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      runs.push({ direct: await agent.direct(ORDERS), proxied: await agent.proxied(ORDERS) });
    }
    const names = [...Object.keys(TIMED), ...Object.keys(STREAMED)];
    const timed = Object.keys(TIMED).flatMap((name, index) => timeRows(name, runs, index + 1));
    const streamed = Object.values(STREAMED).flatMap((order, index) => {
      const place = index + 1 + Object.keys(TIMED).length;
      return throughputRows(names[place - 1] ?? '', order, runs, place);
    });
    return [...timed, ...streamed, ...(await memoryRows()), ...(await largeRows())];
  },
};

interface Run {
  readonly direct: readonly Delivery[];
  readonly proxied: readonly Delivery[];
}

function timeRows(name: string, runs: readonly Run[], order: number): Row[] {
  const at = (share: number, deliveries: readonly Delivery[]): number =>
    quantile(deliveries[order]?.agesMs ?? [], share);
  const row = (what: string, value: (run: Run) => number): Row => {
    return { what: `${name}: ${what}`, unit: 'ms', values: runs.map(value) };
  };
  return [
    row('direct, p50', ({ direct }) => at(0.5, direct)),
    row('added, p50', ({ direct, proxied }) => at(0.5, proxied) - at(0.5, direct)),
    row('added, p99', ({ direct, proxied }) => at(0.99, proxied) - at(0.99, direct)),
  ];
}

function throughputRows(name: string, order: PushOrder, runs: readonly Run[], place: number): Row[] {
  const volume = (order.sizeBytes * order.count) / MIB;
  const rate = (deliveries: readonly Delivery[]): number =>
    (volume * 1000) / (deliveries[place]?.tookMs ?? NaN);
  const row = (what: string, unit: string, value: (run: Run) => number): Row => {
    return { what: `${name}, streamed: ${what}`, unit, values: runs.map(value) };
  };
  return [
    row('direct', 'MiB/s', ({ direct }) => rate(direct)),
    row('through the agent', 'MiB/s', ({ proxied }) => rate(proxied)),
    row('share of direct', '%', ({ direct, proxied }) => (100 * rate(proxied)) / rate(direct)),
  ];
}

/** A new agent per run: what it takes before and after as many pushes as a busy hour has. */
async function memoryRows(): Promise<Row[]> {
  const runs = await repeated(async (agent) => {
    await sleep(SETTLE_MS);
    const before = await footprint(agent.pid);
    const usedMs = await processorMs(agent.pid);
    await agent.proxied([PUSHES]);
    const perPushMs = ((await processorMs(agent.pid)) - usedMs) / PUSHES.count;
    return { before, after: await footprint(agent.pid), perPushMs };
  });
  const row = (what: string, unit: string, value: (run: (typeof runs)[number]) => number): Row => {
    return { what, unit, values: runs.map(value) };
  };
  return [
    row('resident before', 'MiB', ({ before }) => before.resident),
    row('private before', 'MiB', ({ before }) => before.private),
    row('resident after 50 × 1.4 MB', 'MiB', ({ after }) => after.resident),
    row('private after 50 × 1.4 MB', 'MiB', ({ after }) => after.private),
    row('processor per 1.4 MB', 'ms', ({ perPushMs }) => perPushMs),
  ];
}

/** A new agent per run: its first large push, and those that follow. */
async function largeRows(): Promise<Row[]> {
  const large = { sizeBytes: 20 * MIB, count: 1, pace: 'acknowledged' } as const;
  const huge = { ...large, sizeBytes: 200 * MIB };
  const runs = await repeated(async (agent) => {
    await sleep(SETTLE_MS);
    await agent.proxied([{ ...large, sizeBytes: KIB }]);
    const first = await onePush(agent, large);
    const later = [];
    for (let push = 0; push < 5; push += 1) later.push(await onePush(agent, large));
    return { first, later, huge: await onePush(agent, huge) };
  });
  const row = (what: string, unit: string, value: (run: (typeof runs)[number]) => number): Row => {
    return { what, unit, values: runs.map(value) };
  };
  return [
    row('20 MiB, first: loop busy at a stretch', 'ms', ({ first }) => first.busyMs),
    row('20 MiB, later: loop busy at a stretch', 'ms', ({ later }) =>
      median(later.map(({ busyMs }) => busyMs)),
    ),
    row('20 MiB, later: loop busy, worst', 'ms', ({ later }) =>
      Math.max(...later.map(({ busyMs }) => busyMs)),
    ),
    row('20 MiB, first: memory for a moment', 'MiB', ({ first }) => first.peakMiB),
    row('200 MiB: loop busy at a stretch', 'ms', (run) => run.huge.busyMs),
    row('200 MiB: memory for a moment', 'MiB', (run) => run.huge.peakMiB),
  ];
}

interface PushCost {
  readonly busyMs: number;
  /** Above what was resident before. */
  readonly peakMiB: number;
}

async function onePush(agent: MeasuredAgent, order: PushOrder): Promise<PushCost> {
  const { resident } = await footprint(agent.pid);
  await forgetPeak(agent.pid);
  await agent.loopDelay();
  await agent.proxied([order]);
  const { busyMs } = await agent.loopDelay();
  return { busyMs, peakMiB: (await peakOf(agent.pid)) - resident };
}

async function repeated<T>(measure: (agent: MeasuredAgent) => Promise<T>): Promise<T[]> {
  const values: T[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await using folder = await temporaryDirectory();
    await using agent = await MeasuredAgent.start(folder.path, [AGENT]);
    values.push(await measure(agent));
  }
  return values;
}
