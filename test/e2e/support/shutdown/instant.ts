// An agent that is told to end in the middle of something, at an instant that is left to chance: how it ended, and
// whether that is as its settings say.

import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import * as fc from 'fast-check';

import type { Relay } from '../relay.ts';
import type { PodExit } from '../pod.ts';
import type { Place, ShutdownMesh } from './shutdown-mesh.ts';
import { AS_UPSTREAM, ShutdownPod, type ShutdownPodOptions } from './shutdown-pod.ts';
import { SILENT_ADDRESS, type SilentNameServer } from './silent-name-server.ts';
import { SITUATIONS, type Situation, type SituationName } from './situations.ts';

export interface Instant {
  readonly situation: SituationName;
  readonly hotRestart: boolean;
  readonly podGraceSeconds: number | undefined;
  /** A second SIGTERM so long after the first. */
  readonly againAfterMs: number | undefined;
  /** Of the longest delay until the signal, and of other choices; from 0 to 1. */
  readonly delay: number;
  readonly chance: number;
}

export interface InstantEnd {
  /** Undefined: it did not end. */
  readonly exit: PodExit | undefined;
  readonly endedMs: number;
  readonly remains: readonly string[];
  readonly log: string;
}

const LAST_LINE = 'Agent has successfully terminated\n';
const DRAIN_MS = 200;
const TERM_GRACE_MS = 300;
/** For a machine that has much else to do. */
const LATE_MS = 5000;

const fraction = fc.noBias(fc.integer({ min: 0, max: 1000 })).map((thousandths) => thousandths / 1000);
const circumstances = fc.record({
  hotRestart: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  podGraceSeconds: fc.option(fc.integer({ min: 3, max: 5 }), { nil: undefined }),
  againAfterMs: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
  delay: fraction,
  chance: fraction,
});

/** One per name, with circumstances of the seed. */
export function instantsOf(names: readonly SituationName[], seed: number): Instant[] {
  const drawn = fc.sample(circumstances, { seed, numRuns: names.length });
  return names.flatMap((situation, index) => {
    const each = drawn[index];
    if (each === undefined) return [];
    const { hotOnly }: Situation = SITUATIONS[situation];
    return [{ situation, ...each, hotRestart: each.hotRestart || hotOnly === true }];
  });
}

/** Where agents are ended in the middle of something, one at a time. */
export interface Stage {
  readonly place: Place;
  readonly relay: Relay;
  readonly nameServer: SilentNameServer | undefined;
}

export async function endInTheMiddle(
  instant: Instant,
  stage: Stage,
  mesh: ShutdownMesh,
): Promise<InstantEnd> {
  const situation: Situation = SITUATIONS[instant.situation];
  const options = optionsOf(instant, stage.relay);
  await using pod = await ShutdownPod.start(mesh, stage.place, join(mesh.folder, randomUUID()), options);
  await using opened = new AsyncDisposableStack();
  await situation.begin?.({ ...stage, pod, opened, chance: instant.chance });
  await sleep(instant.delay * situation.withinMs);

  const toldMs = performance.now();
  pod.pod.signal('SIGTERM');
  const again = sleep(instant.againAfterMs ?? 0).then(() => {
    if (instant.againAfterMs !== undefined) pod.pod.signal('SIGTERM');
  });
  const exit = await pod.exited();
  const endedMs = performance.now() - toldMs;
  await again;
  return { exit, endedMs, remains: await pod.remains(), log: await pod.pod.log() };
}

/** One line for everything that is not as the settings say; empty: all is well. */
export function faultsOf(instant: Instant, { exit, endedMs, remains, log }: InstantEnd): string[] {
  const limitMs = longestEndMs(instant);
  return [
    ...(isOrderly(exit, log) ? [] : [`ended with ${JSON.stringify(exit)}`]),
    ...(endedMs <= limitMs + LATE_MS ? [] : [`ended after ${endedMs} ms, too late: ${limitMs}`]),
    ...remains.map((line) => `left behind: ${line}`),
  ];
}

/** What the settings give, and what the agent may have to wait for beside them. */
export function longestEndMs({ situation, podGraceSeconds = Infinity }: Instant): number {
  const longestMs = DRAIN_MS + TERM_GRACE_MS + SITUATIONS[situation].mayWaitMs;
  return Math.min(longestMs, podGraceSeconds * 1000);
}

/**
 * Before its first instruction and after its last one nothing but the kernel hears a signal: there is nothing yet to
 * be ended, or nothing any more. A process that is not the first of a container ends of it.
 */
function isOrderly(exit: PodExit | undefined, log: string): boolean {
  if (exit?.signal === 'SIGTERM') return log === '' || log.endsWith(LAST_LINE);
  return exit?.code === 0;
}

function optionsOf(instant: Instant, relay: Relay): ShutdownPodOptions {
  const { hotRestart, podGraceSeconds } = instant;
  const { silentResolver = false }: Situation = SITUATIONS[instant.situation];
  const discoveryAddress = silentResolver ? 'istiod.istio-system.svc:15012' : `127.0.0.1:${relay.port}`;
  return {
    proxyConfig: {
      discoveryAddress,
      drainDuration: '1s',
      parentShutdownDuration: '2s',
      terminationDrainDuration: `${DRAIN_MS / 1000}s`,
    },
    env: {
      ...(!hotRestart && AS_UPSTREAM),
      ...(podGraceSeconds !== undefined && { TERMINATION_GRACE_PERIOD_SECONDS: String(podGraceSeconds) }),
      ...(silentResolver && { CA_ADDR: discoveryAddress }),
      ENVOY_TERM_GRACE: `${TERM_GRACE_MS}ms`,
    },
    ...(silentResolver && {
      program: [join(import.meta.dirname, 'silent-resolver.ts')],
      prepare: (root) => writeFile(join(root, 'resolv.conf'), `nameserver ${SILENT_ADDRESS}\n`),
    }),
  };
}
