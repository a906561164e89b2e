// One cell of the shutdown matrix: a sort of pod with its settings, traffic on it, and its end. Played with the real
// agent and Envoy, and judged by the tests' own time line.

import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Pod, PodExit } from '../pod.ts';
import type { Place, ShutdownMesh } from './shutdown-mesh.ts';
import { AS_UPSTREAM, ShutdownPod, type ShutdownPodOptions } from './shutdown-pod.ts';
import { endOf, hardEndMs, type Second, type Span, type TimeLine } from './time-line.ts';
import { startTraffic, type Traffic, type TrafficKind } from './traffic.ts';

export const POD_KINDS = ['sidecar', 'native sidecar', 'gateway', 'job'] as const;
export type PodKind = (typeof POD_KINDS)[number];

export interface Cell {
  readonly pod: PodKind;
  readonly traffic: TrafficKind;
  readonly line: TimeLine;
  /** `NATIVE_SIDECAR_DRAIN`. */
  readonly nativeDrain: boolean;
  /** From the signal to the end of the traffic by itself; an end without waiting comes after that of short traffic. */
  readonly trafficMs: number;
}

/** Times in milliseconds after the pod was told to end. */
export interface Story {
  /** Undefined: it did not end. */
  readonly exit: PodExit | undefined;
  readonly endedMs: number;
  /** When the traffic was let come to its end. */
  readonly finishedMs: number;
  readonly overMs: number;
  readonly failure: string | undefined;
  /** When the second signal was really sent. */
  readonly secondMs: number | undefined;
  readonly remains: readonly string[];
  readonly log: string;
}

/** Traffic of jobs that is longer is cut: they end without waiting. */
const SHORT_TRAFFIC_MS = 2000;
/** From the drain of a native sidecar to the end of its traffic. */
const APPLICATION_ENDS_AFTER_MS = 500;

export async function play(cell: Cell, place: Place, mesh: ShutdownMesh): Promise<Story> {
  await using pod = await ShutdownPod.start(mesh, place, join(mesh.folder, randomUUID()), optionsOf(cell));
  await pod.ready();
  const traffic = await startTraffic(cell.traffic, place, mesh.backend);
  const finishing = new Finishing(traffic);
  await beforehand(cell, pod, finishing);

  const askedMs = performance.now();
  const { second } = await ask(cell, pod);
  finishing.after(cell.trafficMs);
  const exit = await pod.exited();
  const endedMs = performance.now() - askedMs;
  finishing.now();
  const { failure, overMs } = await traffic.over;
  return {
    exit,
    endedMs,
    finishedMs: finishing.atMs - askedMs,
    overMs: overMs - askedMs,
    failure,
    secondMs: await second,
    remains: await pod.remains(),
    log: await pod.pod.log(),
  };
}

/** One line for everything that is not as the settings say; empty: all is well. */
export function faultsOf(cell: Cell, story: Story): string[] {
  const { exit, endedMs, remains } = story;
  const { earliestMs, latestMs } = expected(cell, story);
  return [
    ...(exit?.code === 0 ? [] : [`ended with ${JSON.stringify(exit)}`]),
    ...(endedMs < earliestMs - EARLY_MS ? [`ended after ${endedMs} ms, too early: ${earliestMs}`] : []),
    ...(endedMs > latestMs + LATE_MS ? [`ended after ${endedMs} ms, too late: ${latestMs}`] : []),
    ...cutOf(cell, story),
    ...remains.map((line) => `left behind: ${line}`),
  ];
}

/** Whether its end came later for traffic that lasted, and came whole. */
export function waitedForTraffic(cell: Cell, { failure, overMs }: Story): boolean {
  if (endsAtOnce(cell) || cell.line.onZero === undefined || !counts(cell)) return false;
  const nothingOpen = endOf(cell.line, { earliestMs: 0, latestMs: 0 });
  return failure === undefined && overMs > nothingOpen.latestMs;
}

/** How much later than the settings say it ended, in milliseconds. */
export function latenessMs(cell: Cell, story: Story): number {
  return story.endedMs - expected(cell, story).latestMs;
}

/** Timers may be that early, and what Envoy knows of a connection may be that much older than what its client does. */
const EARLY_MS = 20;
const SEEN_EARLIER_MS = 100;
/** For a machine that has much else to do. */
const LATE_MS = 5000;
/** What ends so long before the agent does has had the time to come through. */
const MARGIN_MS = 500;

function expected(cell: Cell, story: Story): Span {
  if (endsAtOnce(cell)) return { earliestMs: 0, latestMs: 0 };
  return endOf(lineOf(cell, story), quietOf(cell, story));
}

/** What should have come whole and did not. */
function cutOf(cell: Cell, story: Story): string[] {
  const { failure, finishedMs, overMs } = story;
  if (failure === undefined) return [];
  const guaranteedMs = guaranteed(cell, story);
  if (Math.min(finishedMs, overMs) + MARGIN_MS >= guaranteedMs) return [];
  return [`cut after ${overMs} ms, finished at ${finishedMs}, guaranteed until ${guaranteedMs}: ${failure}`];
}

/** Until when nothing that is open may be cut. */
function guaranteed(cell: Cell, story: Story): number {
  if (endsAtOnce(cell)) return 0;
  const line = lineOf(cell, story);
  return counts(cell) ? hardEndMs(line) : endOf(line, { earliestMs: 0, latestMs: 0 }).earliestMs;
}

/** Whether an end that waits for zero waits for this traffic all the time. */
function counts({ traffic, line }: Cell): boolean {
  return line.onZero?.of !== 'requests' || !['TCP', 'keep-alive'].includes(traffic);
}

/** When nothing was open any more that is waited for. */
function quietOf(cell: Cell, { failure, overMs }: Story): Span {
  if (cell.traffic === 'idle') return { earliestMs: 0, latestMs: 0 };
  if (cell.line.onZero?.of === 'requests' && cell.traffic === 'TCP') return { earliestMs: 0, latestMs: 0 };
  if (!counts(cell)) return { earliestMs: 0, latestMs: overMs }; // between two requests there is none
  if (failure !== undefined) return { earliestMs: Infinity, latestMs: Infinity };
  return { earliestMs: overMs - SEEN_EARLIER_MS, latestMs: overMs };
}

function lineOf({ line }: Cell, { secondMs }: Story): TimeLine {
  const { second } = line;
  return { ...line, second: second && { ...second, afterMs: secondMs ?? second.afterMs } };
}

function endsAtOnce({ pod, nativeDrain }: Cell): boolean {
  return pod === 'job' || (pod === 'native sidecar' && nativeDrain);
}

/** What comes before the end: the hook of a native sidecar, and the end of an application that is gone by then. */
async function beforehand(cell: Cell, { pod }: ShutdownPod, traffic: Finishing): Promise<void> {
  if (cell.pod === 'native sidecar') await posted(pod.status('/drain'));
  if (!endsAtOnce(cell)) return;
  if (cell.pod === 'job' && cell.trafficMs > SHORT_TRAFFIC_MS) return;
  await sleep(APPLICATION_ENDS_AFTER_MS);
  traffic.now();
  await traffic.over;
}

interface Asked {
  /** When the second signal was sent, in milliseconds after the first. */
  readonly second: Promise<number> | undefined;
}

async function ask({ pod: kind, line: { second } }: Cell, { pod }: ShutdownPod): Promise<Asked> {
  if (kind === 'job') {
    await posted(pod.status('/quitquitquit'));
    return { second: undefined };
  }
  const askedMs = performance.now();
  pod.signal(second?.signal ?? 'SIGTERM');
  return { second: second && signalAgain(pod, second, askedMs) };
}

async function signalAgain(pod: Pod, { afterMs, signal }: Second, askedMs: number): Promise<number> {
  await sleep(afterMs);
  pod.signal(signal);
  return performance.now() - askedMs;
}

async function posted(url: string): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers: { connection: 'close' } });
  if (response.status !== 200) throw new Error(`${url}: status ${response.status}`);
}

/** Lets traffic come to its end, once, and knows when. */
class Finishing {
  atMs = Infinity;
  readonly over: Traffic['over'];
  readonly #traffic: Traffic;
  #timer: NodeJS.Timeout | undefined;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
    this.over = traffic.over;
  }

  after(ms: number): void {
    this.#timer = setTimeout(() => this.now(), ms);
  }

  now(): void {
    clearTimeout(this.#timer);
    if (this.atMs !== Infinity) return;
    this.atMs = performance.now();
    this.#traffic.finish();
  }
}

function optionsOf({ pod, line, nativeDrain }: Cell): ShutdownPodOptions {
  const { hotRestart, preDrainMs, drainMs, onZero, podGraceSeconds, termGraceMs, second } = line;
  const zero = onZero && {
    [onZero.of === 'connections' ? 'EXIT_ON_ZERO_ACTIVE_CONNECTIONS' : 'EXIT_ON_ZERO_ACTIVE_REQUESTS']:
      'true',
    MINIMUM_DRAIN_DURATION: `${onZero.minimumMs}ms`,
    ...(onZero.maximumMs !== undefined && { MAXIMUM_DRAIN_DURATION: `${onZero.maximumMs}ms` }),
  };
  return {
    gateway: pod === 'gateway',
    proxyConfig: { terminationDrainDuration: `${drainMs / 1000}s` },
    env: {
      ...(!hotRestart && AS_UPSTREAM),
      ...zero,
      ...(podGraceSeconds !== undefined && { TERMINATION_GRACE_PERIOD_SECONDS: String(podGraceSeconds) }),
      PRE_DRAIN_DELAY: `${preDrainMs}ms`,
      ENVOY_TERM_GRACE: `${termGraceMs}ms`,
      NATIVE_SIDECAR_DRAIN: String(nativeDrain),
      AGENT_SECOND_SIGNAL: second?.aborts === true ? 'abort' : 'ignore',
    },
  };
}
