// What the settings of the end make of an application that closes late, and how long an agent takes that has nothing
// to wait for.

import { join } from 'node:path';

import {
  endLate,
  type Calls,
  type LateEnd,
  type PodEnd,
} from '../test/e2e/support/late-application/late-application.ts';
import { INJECTED_ARGS } from '../test/e2e/support/pod.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { AGENT } from './built-agent.ts';
import type { Bench } from './figures.ts';

const REQUESTS = 1000;
const EVERY_MS = 20;

export const shutdown: Bench = {
  name: 'shutdown',
  how:
    `the agent and an application beside it get SIGTERM, with /drain the agent when the application has ended; that ` +
    `one sends ${REQUESTS} requests through Envoy, one every ${EVERY_MS} ms, and ends; seconds since the SIGTERM each got`,
  run: async () => {
    await using folder = await temporaryDirectory();
    const lines: string[][] = [];
    for (const [index, scene] of SCENES.entries())
      lines.push(await played(join(folder.path, `${index}`), scene));
    return { head: ['', 'requests', 'failed', 'first failure', 'application ends', 'agent ends'], lines };
  },
};

interface Scene {
  readonly what: string;
  readonly end: PodEnd;
  /** Absent: nobody calls. */
  readonly calls?: Calls;
}

/** Those of a pod without settings. */
const DEFAULTS = {
  drainDuration: undefined,
  parentShutdownDuration: undefined,
  terminationDrainDuration: undefined,
};
const REFERENCE = [...INJECTED_ARGS, '--hot-restart=false', '--restart-policy=never'];
const KEPT: Calls = { requests: REQUESTS, everyMs: EVERY_MS, kept: true };
const ONE_EACH: Calls = { ...KEPT, kept: false };

const byDefault: PodEnd = { proxyConfig: DEFAULTS };
const asReference: PodEnd = { ...byDefault, args: REFERENCE };
const longDrain: PodEnd = { proxyConfig: { ...DEFAULTS, terminationDrainDuration: '25s' } };
const zeroConnections: PodEnd = { ...byDefault, env: { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true' } };
const zeroRequests: PodEnd = { ...byDefault, env: { EXIT_ON_ZERO_ACTIVE_REQUESTS: 'true' } };
const drained: PodEnd = { ...byDefault, nativeSidecar: true };

const SCENES: readonly Scene[] = [
  { what: "the reference's defaults", end: asReference, calls: KEPT },
  { what: 'defaults', end: byDefault, calls: KEPT },
  { what: 'terminationDrainDuration: 25s', end: longDrain, calls: KEPT },
  { what: 'the same, a connection per request', end: longDrain, calls: ONE_EACH },
  { what: 'EXIT_ON_ZERO_ACTIVE_CONNECTIONS', end: zeroConnections, calls: KEPT },
  { what: 'the same, a connection per request', end: zeroConnections, calls: ONE_EACH },
  { what: 'EXIT_ON_ZERO_ACTIVE_REQUESTS', end: zeroRequests, calls: KEPT },
  { what: 'native sidecar: /drain, then SIGTERM', end: drained, calls: KEPT },
  { what: "idle, the reference's defaults", end: asReference },
  { what: 'idle, defaults', end: byDefault },
  { what: 'idle, EXIT_ON_ZERO_ACTIVE_CONNECTIONS', end: zeroConnections },
  { what: 'idle, EXIT_ON_ZERO_ACTIVE_REQUESTS', end: zeroRequests },
  { what: 'idle, /drain before', end: drained },
];

async function played(folder: string, { what, end, calls }: Scene): Promise<string[]> {
  const { exit, ...outcome } = await endLate(folder, { ...end, program: [AGENT] }, calls);
  if (exit.code !== 0) throw new Error(`${what}: the agent ended with ${exit.signal ?? exit.code}`);
  return [what, ...cells(outcome)];
}

function cells({ calls, agentTookMs }: Omit<LateEnd, 'exit'>): string[] {
  const application = calls
    ? [`${calls.requests}`, `${calls.failed}`, seconds(calls.firstFailureMs), seconds(calls.tookMs)]
    : ['', '', '', ''];
  return [...application, seconds(agentTookMs)];
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '' : (ms / 1000).toFixed(2);
}
