// Envoys that are killed or stopped at a moment nobody chose, and what their clients saw of it. Facts only, the tests
// judge them.

import { setTimeout as sleep } from 'node:timers/promises';

import { Load, STEADY, totalOf } from './load/load.ts';
import { envoysOf } from './restart-processes.ts';
import type { Outcome, RestartingPod, Snapshot } from './restarting-pod.ts';
import { RestartWatch } from './restart-watch.ts';

/** What is done to whom. */
export const ATTACKS = ['starting', 'waiting', 'serving', 'draining', 'stopped'] as const;
export type Attack = (typeof ATTACKS)[number];

/** When the successor is killed, in milliseconds after it was spawned: they overlap, a machine may be slow. */
const KILL_BETWEEN_MS: Readonly<Record<'starting' | 'waiting' | 'serving', readonly [number, number]>> = {
  starting: [0, 60],
  waiting: [30, 250],
  serving: [200, 3000],
};
/** No longer than an outage may be. */
const STOP_BETWEEN_MS = [200, 1500] as const;

export interface AttackReport {
  /** What was done, and when, for people. */
  readonly what: string;
  /** True: the attack ended the Envoy that served, and another one began anew. */
  readonly startedAnew: boolean;
  readonly failures: readonly string[];
  readonly longestOutageMs: number;
  /** What became of the next restart. */
  readonly next: Outcome;
}

export interface AttackRun {
  readonly attacks: readonly AttackReport[];
  /** Looks at which two Envoys listened that are not parent and child. */
  readonly strangers: readonly string[];
}

/** Does one thing after another to a pod that serves a steady load, each followed by a restart that shall work. */
export async function attackUnderLoad(pod: RestartingPod, attacks: readonly Attack[]): Promise<AttackRun> {
  await using load = new Load({ url: pod.url, ...STEADY });
  await using watch = new RestartWatch(pod.pod.pid, pod.trafficPort);
  const reports: AttackReport[] = [];
  for (const attack of attacks) {
    const { active: before } = await pod.snapshot();
    const what = await MAKERS[attack](pod);
    const { active } = await pod.settled();
    const { failures, longestOutageMs } = totalOf(await load.take());
    const startedAnew = active?.epoch === 0 && active.pid !== before?.pid;
    const next = await pod.restart('POST /restart');
    await pod.settled();
    reports.push({ what, startedAnew, failures, longestOutageMs, next });
  }
  return { attacks: reports, strangers: watch.strangers };
}

const MAKERS: Readonly<Record<Attack, (pod: RestartingPod) => Promise<string>>> = {
  starting: (pod) => killSuccessor(pod, between(KILL_BETWEEN_MS.starting)),
  waiting: (pod) => killSuccessor(pod, between(KILL_BETWEEN_MS.waiting)),
  serving: (pod) => killSuccessor(pod, between(KILL_BETWEEN_MS.serving)),
  draining: killDraining,
  stopped: stopActive,
};

async function killSuccessor(pod: RestartingPod, afterMs: number): Promise<string> {
  const known = (await envoysOf(pod.pod.pid)).map((envoy) => envoy.pid);
  await pod.ask('POST /restart');
  const pid = await newEnvoy(pod, known);
  await sleep(afterMs);
  process.kill(pid, 'SIGKILL');
  const ended = await inHistory(pod, pid);
  const live = ended?.liveAfterMs === undefined ? 'before it was live' : 'live';
  return `successor killed after ${Math.round(afterMs)} ms, ${live}`;
}

async function killDraining(pod: RestartingPod): Promise<string> {
  await pod.restart('POST /restart');
  const { draining, active } = await pod.snapshot();
  const [old] = draining;
  if (old === undefined || active === undefined) return 'the old Envoy had ended already';
  process.kill(old.pid, 'SIGKILL');
  await inHistory(pod, active.pid); // it aborts when it wants to tell its parent to end, or is ended before
  return 'draining Envoy killed';
}

/** The active Envoy stands still for a while in which a restart is asked for. */
async function stopActive(pod: RestartingPod): Promise<string> {
  const before = await pod.snapshot();
  const pid = before.active?.pid ?? 0;
  const [leadMs, stopMs] = [between([0, 300]), between(STOP_BETWEEN_MS)];
  await pod.ask('POST /restart');
  await sleep(leadMs);
  process.kill(pid, 'SIGSTOP');
  await sleep(stopMs);
  process.kill(pid, 'SIGCONT');
  await pod.outcomeSince(before);
  return `Envoy stopped ${Math.round(leadMs)} ms after a request, for ${Math.round(stopMs)} ms`;
}

async function newEnvoy(pod: RestartingPod, known: readonly number[]): Promise<number> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const found = (await envoysOf(pod.pod.pid)).find(({ pid }) => !known.includes(pid));
    if (found !== undefined) return found.pid;
    await sleep(2);
  }
  throw new Error(`no Envoy was started:\n${await pod.pod.log()}`);
}

async function inHistory(pod: RestartingPod, pid: number): Promise<Snapshot['history'][number] | undefined> {
  let ended: Snapshot['history'][number] | undefined;
  await pod.until(({ history }) => {
    ended = history.find((each) => each.pid === pid);
    return ended !== undefined;
  });
  return ended;
}

function between([from, to]: readonly [number, number]): number {
  return from + Math.random() * (to - from);
}
