// An agent whose event loop is watched from inside, by a probe preloaded into its process.

import { connect } from 'node:net';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

import type { LoopDelay } from './loop-probe.ts';

const PROBE = resolve(import.meta.dirname, 'loop-probe.ts');

/** Options of Node that go before the agent's program. */
export const PROBED: readonly string[] = ['--import', PROBE];

/** What the probe finds in its environment. @param socketPath where it will listen */
export function probeEnvironment(socketPath: string): Readonly<Record<string, string>> {
  return { LOOP_PROBE_SOCKET: socketPath };
}

/** Of the time since the last question. */
export async function askedLoopDelay(socketPath: string): Promise<LoopDelay> {
  return JSON.parse(await text(connect(socketPath))) as LoopDelay;
}
