// How each sort of pod ends when nothing but upstream's own settings are given: the sequences and times of Istio 1.31.
// All pods end at the same time, and each is then held against what upstream's agent was measured to do.

import { deepEqual, equal, fail, match, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { requestCommand } from '../../src/cli/request.ts';
import { recordingContext } from '../support/cli-context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { endOf, observe, observeEnd, type Look, type ObservedEnd } from './support/shutdown/observed-end.ts';
import { ShutdownMesh } from './support/shutdown/shutdown-mesh.ts';
import { AS_UPSTREAM, ShutdownPod, type ShutdownPodOptions } from './support/shutdown/shutdown-pod.ts';
import { startTraffic } from './support/shutdown/traffic.ts';

/** Envoy's own drain is over long before the five seconds of the agent's. */
const DRAIN_TIME_MS = 2000;
/** Envoy has surely closed its listeners by then. */
const REFUSING_MS = 3500;
const PROXY_CONFIG = { drainDuration: `${DRAIN_TIME_MS / 1000}s`, terminationDrainDuration: undefined };
const TWO_SECONDS = { proxyConfig: { ...PROXY_CONFIG, terminationDrainDuration: '2s' } };
const ON_ZERO = { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true' };

/** A native sidecar is drained for that long before it is told to end. */
const APPLICATION_ENDS_MS = 3500;
/** The stream of R12 is closed that long after the signal: a little before the agent looks, 500 ms and two seconds. */
const STREAM_ENDS_MS = 2300;
/** For a machine that has much else to do. */
const LATE_MS = 5000;
const EARLY_MS = 20;

interface Sequence extends ShutdownPodOptions {
  readonly run: (pod: ShutdownPod, mesh: ShutdownMesh) => Promise<ObservedEnd>;
}

const SEQUENCES = {
  sidecar: { run: (pod) => observeEnd(pod, () => terminateTwice(pod)) },
  'sidecar with two seconds': { ...TWO_SECONDS, run: (pod) => endOf(pod, () => terminate(pod)) },
  'idle sidecar that waits for zero': { env: ON_ZERO, run: (pod) => endOf(pod, () => terminate(pod)) },
  'sidecar with a stream': { env: { ...ON_ZERO, MINIMUM_DRAIN_DURATION: '500ms' }, run: withStream },
  'native sidecar': { run: nativeSidecar },
  gateway: { gateway: true, run: (pod) => observeEnd(pod, () => terminate(pod)) },
  job: { run: (pod) => endOf(pod, () => post(pod, '/quitquitquit')) },
  machine: {
    ...TWO_SECONDS,
    detached: true,
    run: (pod) => observeEnd(pod, () => process.kill(-pod.pod.pid, 'SIGTERM')),
  },
} satisfies Readonly<Record<string, Sequence>>;

type Name = keyof typeof SEQUENCES;

describe('the end as upstream has it', function () {
  this.timeout(120_000);

  const ends = new Map<string, ObservedEnd>();
  const end = (name: Name): ObservedEnd => ends.get(name) ?? fail(name);

  before(async () => {
    await using folder = await temporaryDirectory();
    const entries = Object.entries<Sequence>(SEQUENCES);
    await using mesh = await ShutdownMesh.start(folder.path, entries.length);
    await Promise.all(
      entries.map(async ([name, { run, ...options }], index) => {
        const place = mesh.places[index] ?? fail(name);
        const given = { proxyConfig: PROXY_CONFIG, ...options, env: { ...AS_UPSTREAM, ...options.env } };
        await using pod = await ShutdownPod.start(mesh, place, join(folder.path, place.name), given);
        await pod.ready();
        ends.set(name, await run(pod, mesh));
      }),
    );
  });

  it('a sidecar ends 5 s after SIGTERM, with 2 s of its own after 2 s, with nothing left and code 0', () => {
    endedBetween(end('sidecar'), 5000);
    endedBetween(end('sidecar with two seconds'), 2000);
  });

  it('a second SIGTERM changes nothing', () => {
    const { log } = end('sidecar');

    equal(log.match(/Agent draining Proxy for termination/g)?.length, 1);
    match(log, IN_ORDER);
  });

  it('an idle sidecar that waits for zero connections ends after 6 s', () => {
    endedBetween(end('idle sidecar that waits for zero'), 6000);
  });

  it('R12: one with an open stream waits for it, and ends within 2.5 s after it is closed', () => {
    const { endedMs } = end('sidecar with a stream');

    endedBetween(end('sidecar with a stream'), 0);
    ok(endedMs < 2500, `${endedMs} ms`);
  });

  it('the status port closes at once, and readiness through Envoy is 503 with an empty body', () => {
    const { looks } = end('sidecar');
    const later = looks.filter(({ atMs }) => atMs > 1000 && atMs < 4500);

    ok(later.length > 0);
    deepEqual(
      later.filter(({ statusPort }) => statusPort),
      [],
    );
    deepEqual(new Set(later.map(({ health }) => health?.status)), new Set([503]));
    // a worker of Envoy that kept no connection to the agent says itself that it gets none
    ok(later.some(({ health }) => health?.body === ''));
  });

  it('R13: after SIGTERM a sidecar accepts until the drain time, 2 s, telling clients to leave, and then refuses', () => {
    const { looks } = end('sidecar');
    const drains = draining(looks, 'inbound').filter(({ atMs }) => atMs < DRAIN_TIME_MS - 100);
    const refuses = looks.filter(({ atMs }) => atMs > REFUSING_MS);

    ok(drains.length > 0 && refuses.length > 0);
    for (const { atMs, inbound } of drains) deepEqual(inbound, answer({ leaves: true }), `${atMs} ms`);
    for (const { atMs, inbound } of refuses) equal(inbound, undefined, `${atMs} ms`);
  });

  it('R13: its outbound listener goes on as if nothing was', () => {
    const looks = end('sidecar').looks.filter(({ atMs }) => atMs < 4500);

    for (const { atMs, outbound } of looks) deepEqual(outbound, answer({ leaves: false }), `${atMs} ms`);
  });

  it('R13: a gateway drains its outbound listener as well', () => {
    const { looks } = end('gateway');
    const drains = draining(looks, 'outbound').filter(({ atMs }) => atMs < DRAIN_TIME_MS - 100);
    const refuses = looks.filter(({ atMs }) => atMs > REFUSING_MS);

    endedBetween(end('gateway'), 5000);
    for (const { atMs, outbound } of drains) deepEqual(outbound, answer({ leaves: true }), `${atMs} ms`);
    for (const { atMs, outbound } of refuses) equal(outbound, undefined, `${atMs} ms`);
  });

  it('R13: a native sidecar accepts for ever after /drain, is ready, and ends at once with SIGTERM', () => {
    const { looks } = end('native sidecar');
    const drains = draining(looks, 'inbound');

    ok((drains.at(-1)?.atMs ?? 0) > 1.5 * DRAIN_TIME_MS);
    for (const { atMs, inbound } of drains) deepEqual(inbound, answer({ leaves: true }), `${atMs} ms`);
    for (const { atMs, outbound, statusPort, health } of looks) {
      deepEqual(outbound, answer({ leaves: false }), `${atMs} ms`);
      deepEqual({ statusPort, health: health?.status }, { statusPort: true, health: 200 }, `${atMs} ms`);
    }
    endedBetween(end('native sidecar'), 0);
  });

  it('a job ends at once with /quitquitquit', () => {
    endedBetween(end('job'), 0);
  });

  it('on a machine whose shutdown tells the whole process group, Envoy serves through the drain', () => {
    const { looks } = end('machine');
    const served = looks.filter(({ atMs }) => atMs < 1500);

    endedBetween(end('machine'), 2000);
    ok(served.length > 0);
    for (const { atMs, outbound } of served) deepEqual(outbound, answer({ leaves: false }), `${atMs} ms`);
  });
});

/** The lines of upstream that people look for. */
const IN_ORDER = new RegExp(
  [
    'Agent draining Proxy for termination',
    'Graceful termination period is 5s, starting...',
    'Graceful termination period complete, terminating remaining proxies.',
    'Aborting proxy',
    'Aborted proxy instance',
    'Agent has successfully terminated',
  ].join('[^]*'),
);

function endedBetween({ exit, endedMs, remains, log }: ObservedEnd, fromMs: number): void {
  deepEqual(exit, { code: 0, signal: null }, log);
  ok(
    endedMs >= fromMs - EARLY_MS && endedMs < fromMs + LATE_MS,
    `after ${endedMs} ms instead of ${fromMs} ms`,
  );
  deepEqual(remains, []);
}

/** From the first answer on that tells its client to leave; there is one before the drain time is over. */
function draining(looks: readonly Look[], port: 'inbound' | 'outbound'): readonly Look[] {
  const first = looks.findIndex((look) => look[port]?.leaves === true);
  ok((looks[first]?.atMs ?? Infinity) < DRAIN_TIME_MS, 'no client is told to leave');
  return looks.slice(first);
}

function answer({ leaves }: { readonly leaves: boolean }): Look['inbound'] {
  return { status: 200, body: 'hi\n', leaves };
}

function terminate({ pod }: ShutdownPod): void {
  pod.signal('SIGTERM');
}

async function terminateTwice({ pod }: ShutdownPod): Promise<void> {
  pod.signal('SIGTERM');
  await sleep(2000);
  pod.signal('SIGTERM');
}

/** @returns its end, counted from that of the stream */
async function withStream(pod: ShutdownPod, { backend }: ShutdownMesh): Promise<ObservedEnd> {
  const traffic = await startTraffic('stream', pod.place, backend);
  const toldMs = performance.now();
  const ended = endOf(pod, () => terminate(pod));
  await sleep(STREAM_ENDS_MS);
  const openMs = performance.now() - toldMs;
  traffic.finish();
  equal((await traffic.over).failure, undefined);
  const end = await ended;
  return { ...end, endedMs: end.endedMs - openMs };
}

/** The injected hook, and SIGTERM when the application has ended; the looks are those in between. */
async function nativeSidecar(pod: ShutdownPod): Promise<ObservedEnd> {
  const { status } = pod.pod.ports;
  const hook = recordingContext([], {});
  const command = requestCommand(hook.context, [status]).exitOverride();
  await command.parseAsync([`--debug-port=${status}`, 'POST', 'drain'], { from: 'user' });
  equal(hook.stdout(), 'OK\n');
  const looks = await observe(pod, AbortSignal.timeout(APPLICATION_ENDS_MS));
  return { ...(await endOf(pod, () => terminate(pod))), looks };
}

async function post({ pod }: ShutdownPod, path: string): Promise<void> {
  const response = await fetch(pod.status(path), { method: 'POST', headers: { connection: 'close' } });
  equal(response.status, 200);
}
