// The two runs that show what a restart costs its clients: nothing. Facts only, the tests judge them.

import { access } from 'node:fs/promises';

import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { CANDIDATE_FAILURES, HANDOFF_TIMEOUT } from './failing-candidates.ts';
import { CROWD, Load, STEADY, type LoadOptions, type LoadReport } from './load/load.ts';
import type { PodExit } from './pod.ts';
import { regionsOf } from './restart-processes.ts';
import { holdingsOf, regionOf, RESTART_REQUESTS, RestartingPod } from './restarting-pod.ts';
import type { Holdings, Outcome, RestartingPodOptions, Snapshot } from './restarting-pod.ts';

export interface Run {
  readonly load: LoadReport;
  /** The agent after the first two rounds and after the last. */
  readonly early: Holdings;
  readonly late: Holdings;
  /** Before the end. */
  readonly last: Snapshot;
  /** Shared memory of Envoy that the agent's children use, before the end. */
  readonly regions: readonly string[];
  readonly exit: PodExit;
  /** Whether shared memory was left behind. */
  readonly regionLeft: boolean;
}

/** The shortest times Envoy takes. */
const QUICK = { drainDuration: '1s', parentShutdownDuration: '2s' };

type AgentEnvironment = Readonly<Record<string, string>>;

/**
 * Planned restarts one after another, asked for in every way there is.
 *
 * @param env variables added to the agent's
 */
export async function restartsUnderLoad(
  count: number,
  env: AgentEnvironment = {},
): Promise<Run & { readonly outcomes: Outcome[] }> {
  const outcomes: Outcome[] = [];
  const run = await underLoad(CROWD, count, { env, proxyConfig: QUICK }, async (pod, round) => {
    outcomes.push(await pod.restart(RESTART_REQUESTS[round % 2] ?? 'SIGHUP'));
  });
  return { ...run, outcomes };
}

export interface FailedRestart {
  readonly what: string;
  readonly expected: Outcome;
  readonly outcome: Outcome;
  /** What became of the next one. */
  readonly next: Outcome;
}

/** Restarts whose candidate fails, each followed by one that shall work. */
export async function failuresUnderLoad(
  count: number,
  env: AgentEnvironment = {},
): Promise<Run & { readonly restarts: FailedRestart[] }> {
  const options = {
    env: { ENVOY_HANDOFF_TIMEOUT: HANDOFF_TIMEOUT, ...env },
    proxyConfig: QUICK,
  };
  const restarts: FailedRestart[] = [];
  const run = await underLoad(STEADY, count, options, async (pod, round) => {
    const failure = CANDIDATE_FAILURES[round % CANDIDATE_FAILURES.length];
    if (failure === undefined) return;
    const outcome = await failure.run(pod);
    await pod.settled();
    const next = await pod.restart('POST /restart');
    restarts.push({ what: failure.what, expected: failure.outcome, outcome, next });
  });
  return { ...run, restarts };
}

async function underLoad(
  clients: Omit<LoadOptions, 'url'>,
  rounds: number,
  options: RestartingPodOptions,
  play: (pod: RestartingPod, round: number) => Promise<void>,
): Promise<Run> {
  await using folder = await temporaryDirectory();
  await using pod = await RestartingPod.start(folder.path, options);
  await using load = new Load({ url: pod.url, ...clients });
  let early: Holdings | undefined;
  for (let round = 0; round < rounds; round += 1) {
    await play(pod, round);
    await pod.settled();
    if (round === 1) early = await holdingsOf(pod.pod.pid);
  }
  const last = await pod.settled();
  const late = await holdingsOf(pod.pod.pid);
  const regions = (await Promise.all(late.children.map(regionsOf))).flat();
  const report = await load.stop();
  const exit = await pod.stop();
  const regionLeft = await exists(regionOf(last));
  return { load: report, early: early ?? late, late, last, regions, exit, regionLeft };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
