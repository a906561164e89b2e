// The end of a pod that nobody disturbs, looked at from all sides while it lasts. Times are milliseconds after the
// pod was told to end.

import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import type { PodExit } from '../pod.ts';
import type { ShutdownPod } from './shutdown-pod.ts';

/** What came back over one port; undefined: the connection was refused, or cut. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The response asks its client to leave. */
  readonly leaves: boolean;
}

export interface Look {
  readonly atMs: number;
  readonly inbound: Answer | undefined;
  readonly outbound: Answer | undefined;
  /** Readiness through Envoy. */
  readonly health: Answer | undefined;
  /** Whether the agent's status port takes a connection. */
  readonly statusPort: boolean;
}

export interface ObservedEnd {
  readonly exit: PodExit | undefined;
  readonly endedMs: number;
  readonly looks: readonly Look[];
  readonly remains: readonly string[];
  readonly log: string;
}

const LOOK_EVERY_MS = 100;

/** Looks from the moment `tell` is called until the agent has ended. */
export async function observeEnd(pod: ShutdownPod, tell: () => unknown): Promise<ObservedEnd> {
  const ended = new AbortController();
  const looking = observe(pod, ended.signal);
  const end = await endOf(pod, tell);
  ended.abort();
  return { ...end, looks: await looking };
}

/** Looks at nothing, so that there is no connection but those of others. */
export async function endOf(pod: ShutdownPod, tell: () => unknown): Promise<ObservedEnd> {
  const toldMs = performance.now();
  await tell();
  const exit = await pod.exited();
  const endedMs = performance.now() - toldMs;
  return { exit, endedMs, looks: [], remains: await pod.remains(), log: await pod.pod.log() };
}

/** Looks all the time, with a new connection for everything. */
export async function observe({ pod, place }: ShutdownPod, signal: AbortSignal): Promise<Look[]> {
  const looks: Look[] = [];
  const fromMs = performance.now();
  while (!signal.aborted) {
    const atMs = performance.now() - fromMs;
    const [inbound, outbound, health, statusPort] = await Promise.all([
      answerOf(`http://127.0.0.1:${place.inbound}/`),
      answerOf(`http://127.0.0.1:${place.outbound}/`),
      answerOf(`http://127.0.0.1:${pod.ports.health}/healthz/ready`),
      isOpen(pod.ports.status),
    ]);
    looks.push({ atMs, inbound, outbound, health, statusPort });
    await sleep(LOOK_EVERY_MS);
  }
  return looks;
}

/** By a client that would stay. */
async function answerOf(url: string): Promise<Answer | undefined> {
  const agent = new Agent({ keepAlive: true });
  try {
    const [answer] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
    const body = await text(answer);
    return { status: answer.statusCode ?? 0, body, leaves: answer.headers.connection === 'close' };
  } catch {
    return undefined; // nobody listens, or Envoy ends
  } finally {
    agent.destroy();
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
