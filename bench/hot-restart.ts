// What a hot restart takes: time, memory while two Envoys live, and the longest silence its clients see.

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { Load } from '../test/e2e/support/load/load.ts';
import { RestartingPod, type Snapshot } from '../test/e2e/support/restarting-pod.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { AGENT } from './built-agent.ts';
import type { Bench, Row } from './figures.ts';

const RUNS = 7;
const POLL_MS = 5;
/** Time for a new Envoy to have allocated what it will. */
const SETTLE_MS = 500;
const CLIENTS = { clients: { kept: 8, oneShot: 0, http2: 4 }, pauseMs: 45, connectEveryMs: 5 };

export const hotRestart: Bench = {
  name: 'hot-restart',
  how:
    `${RUNS} restarts after one that does not count, one listener by xDS, 8 HTTP/1.1 and 4 HTTP/2 clients, a new ` +
    `connection every 5 ms; time by asking the agent every ${POLL_MS} ms; memory by smaps_rollup, ` +
    `${SETTLE_MS} ms after the new Envoy took over`,
  run: async () => {
    await using folder = await temporaryDirectory();
    const proxyConfig = { drainDuration: '1s', parentShutdownDuration: '2s' };
    await using pod = await RestartingPod.start(folder.path, { program: [AGENT], proxyConfig });
    await using load = new Load({ url: pod.url, ...CLIENTS });
    const runs: Measured[] = [];
    for (let run = 0; run <= RUNS; run += 1) runs.push(await measure(pod, load));
    const counted = runs.slice(1);
    const row = (what: string, unit: string, value: (run: Measured) => number): Row => {
      return { what, unit, values: counted.map(value) };
    };
    return [
      row('from the request to the commit', 'ms', ({ tookMs }) => tookMs),
      row('of these, Envoy from spawned to live', 'ms', ({ liveMs }) => liveMs),
      row('longest silence, new connections', 'ms', ({ newGapMs }) => newGapMs),
      row('slowest answer, kept connections', 'ms', ({ slowestMs }) => slowestMs),
      row('failed requests', '', ({ failed }) => failed),
      row('one Envoy: anonymous memory', 'MiB', ({ one }) => one.anonymous),
      row('one Envoy: proportional share (PSS)', 'MiB', ({ one }) => one.share),
      row('two Envoys: anonymous memory', 'MiB', ({ two }) => two.anonymous),
      row('two Envoys: proportional share (PSS)', 'MiB', ({ two }) => two.share),
    ];
  },
};

/** MiB. */
interface Memory {
  readonly anonymous: number;
  readonly share: number;
}

interface Measured {
  readonly tookMs: number;
  readonly liveMs: number;
  readonly newGapMs: number;
  readonly slowestMs: number;
  readonly failed: number;
  readonly one: Memory;
  readonly two: Memory;
}

async function measure(pod: RestartingPod, load: Load): Promise<Measured> {
  const before = await pod.settled();
  await sleep(SETTLE_MS);
  const one = await memoryOf(before);
  await load.take();
  const startMs = performance.now();
  await pod.ask('POST /restart');
  const overlap = await committed(pod, before);
  const tookMs = performance.now() - startMs;
  await sleep(SETTLE_MS);
  const two = await memoryOf(await pod.snapshot());
  await pod.settled();
  const { kept, oneShot, http2 } = await load.take();
  return {
    tookMs,
    liveMs: overlap.active?.liveAfterMs ?? NaN,
    newGapMs: oneShot.longestGapMs,
    slowestMs: Math.max(kept.slowestMs, http2.slowestMs),
    failed: [kept, oneShot, http2].reduce((sum, { failures }) => sum + failures.length, 0),
    one,
    two,
  };
}

async function committed(pod: RestartingPod, before: Snapshot): Promise<Snapshot> {
  for (;;) {
    const now = await pod.snapshot();
    if (now.restarts.committed > before.restarts.committed) return now;
    if (
      now.restarts.refused + now.restarts.rolledBack >
      before.restarts.refused + before.restarts.rolledBack
    ) {
      throw new Error(`the restart failed:\n${await pod.pod.log()}`);
    }
    await sleep(POLL_MS);
  }
}

async function memoryOf({ active, draining }: Snapshot): Promise<Memory> {
  const pids = [active, ...draining].flatMap((epoch) => (epoch === undefined ? [] : [epoch.pid]));
  const rollups = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8')));
  const sum = (name: string): number => {
    const kilobytes = rollups.map((text) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1]));
    return kilobytes.reduce((total, each) => total + each, 0) / 1024;
  };
  return { anonymous: sum('Anonymous'), share: sum('Pss') };
}
