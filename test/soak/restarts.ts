// R18: hot restarts of the whole agent, one after another, under steady load.

import { setTimeout as sleep } from 'node:timers/promises';

import { Load, STEADY, totalOf, type ClientCounts } from '../e2e/support/load/load.ts';
import { holdingsOf, RESTART_REQUESTS, RestartingPod, type Holdings } from '../e2e/support/restarting-pod.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { growth, type Soak, type SoakOptions } from './soak.ts';

/** Little room for garbage: what the agent's memory grows by is what it keeps. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=1' };
const GROWTH_LIMIT_MB = 20;
const OPEN_FILES_LIMIT = 4;

export const restarts: Soak = {
  name: 'restarts',
  what: 'hot restarts of Envoy by the agent, under steady load of 16 clients',
  everySeconds: 120,
  run: async (options) => {
    await using folder = await temporaryDirectory();
    const proxyConfig = { drainDuration: '2s', parentShutdownDuration: '3s' };
    await using pod = await RestartingPod.start(folder.path, { env: SMALL_HEAP, proxyConfig });
    await using load = new Load({ url: pod.url, ...STEADY });
    return await runRounds(pod, load, options);
  },
};

async function runRounds(pod: RestartingPod, load: Load, options: SoakOptions): Promise<readonly string[]> {
  const { forMs, everyMs, tell } = options;
  const endMs = performance.now() + forMs;
  const faults: string[] = [];
  const held: Holdings[] = [];
  for (let round = 0; performance.now() < endMs; round += 1) {
    const nextMs = performance.now() + everyMs;
    const outcome = await pod.restart(RESTART_REQUESTS[round % RESTART_REQUESTS.length] ?? 'SIGHUP');
    await pod.settled();
    await sleep(Math.max(0, Math.min(nextMs, endMs) - performance.now()));
    const counts = totalOf(await load.take());
    const holdings = await holdingsOf(pod.pod.pid);
    held.push(holdings);
    tell(`restart ${round + 1}: ${outcome}, ${describe(counts)}, ${describeHoldings(holdings)}`);
    if (outcome !== 'committed') faults.push(`restart ${round + 1}: ${outcome}`);
    faults.push(...counts.failures.map((failure) => `restart ${round + 1}: ${failure}`));
  }
  return [...faults, ...growths(held)];
}

function growths(held: readonly Holdings[]): string[] {
  const [memory, files] = [held.map(({ privateMb }) => privateMb), held.map(({ openFiles }) => openFiles)];
  return [
    ...(growth(memory) > GROWTH_LIMIT_MB ? [`the agent's memory grew by ${growth(memory)} MB`] : []),
    ...(growth(files) > OPEN_FILES_LIMIT ? [`the agent's open files grew by ${growth(files)}`] : []),
  ];
}

function describe({ sent, failures, longestGapMs }: ClientCounts): string {
  return `${sent} requests, ${failures.length} failed, longest without an answer ${Math.round(longestGapMs)} ms`;
}

function describeHoldings({ residentMb, privateMb, openFiles }: Holdings): string {
  return `agent ${residentMb} MB resident, ${privateMb} MB of its own, ${openFiles} open files`;
}
