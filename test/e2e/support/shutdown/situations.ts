// What an agent is in the middle of when it is told to end. Each is brought about in a pod of its own; how long it has
// lasted when the signal comes is chance.

import { setTimeout as sleep } from 'node:timers/promises';

import { FrozenThread } from '../frozen-thread.ts';
import type { Relay } from '../relay.ts';
import { envoysOf } from '../restart-processes.ts';
import { processesIn } from './remains.ts';
import type { ShutdownPod } from './shutdown-pod.ts';
import type { SilentNameServer } from './silent-name-server.ts';

export interface Scene {
  readonly pod: ShutdownPod;
  /** Between the agent and the control plane. */
  readonly relay: Relay;
  /** Undefined: no situation needs it. */
  readonly nameServer: SilentNameServer | undefined;
  /** For choices of its own, from 0 to 1. */
  readonly chance: number;
  /** What has to be undone when the agent has ended. */
  readonly opened: AsyncDisposableStack;
}

export interface Situation {
  /** Brings it about; absent: the agent has just been spawned. */
  readonly begin?: (scene: Scene) => Promise<void>;
  /** The signal comes up to that long afterwards. */
  readonly withinMs: number;
  /** Only with hot restart is there such a thing. */
  readonly hotOnly?: boolean;
  /** What an end may wait for beside its settings, in milliseconds. */
  readonly mayWaitMs: number;
  /** Names are asked of a server that never answers. */
  readonly silentResolver?: boolean;
}

/** The longest wait for a new Envoy that is about to take over. */
const HANDOFF_MS = 5000;
/** The longest wait for an answer of Envoy's admin port. */
const ADMIN_MS = 2000;

export const SITUATIONS = {
  'first instants': { withinMs: 150, mayWaitMs: 0 },
  start: { withinMs: 2500, mayWaitMs: 0 },
  'silent resolver': { begin: unanswered, withinMs: 2500, mayWaitMs: 0, silentResolver: true },
  handoff: { begin: handoff, withinMs: 3000, mayWaitMs: HANDOFF_MS, hotOnly: true },
  'spoiled restart': { begin: spoiledRestart, withinMs: 1500, mayWaitMs: HANDOFF_MS, hotOnly: true },
  rotation: { begin: rotation, withinMs: 400, mayWaitMs: 0 },
  crash: { begin: crash, withinMs: 1200, mayWaitMs: 0 },
  'stopped Envoy': { begin: stopped, withinMs: 500, mayWaitMs: ADMIN_MS },
  'hanging admin port': { begin: hanging, withinMs: 500, mayWaitMs: ADMIN_MS },
  drain: { begin: drain, withinMs: 600, mayWaitMs: 0 },
} satisfies Readonly<Record<string, Situation>>;

export type SituationName = keyof typeof SITUATIONS;

async function unanswered({ pod, nameServer }: Scene): Promise<void> {
  const before = nameServer?.questions ?? 0;
  await pod.pod.until(() => Promise.resolve((nameServer?.questions ?? 0) > before));
}

async function handoff({ pod }: Scene): Promise<void> {
  await pod.ready();
  await askForRestart(pod);
}

/** The candidate is killed: before it has the admin port, or after, which leaves the active Envoy without one. */
async function spoiledRestart({ pod, relay, chance, opened }: Scene): Promise<void> {
  await pod.ready();
  const known = new Set((await envoysOf(pod.pod.pid)).map(({ pid }) => pid));
  relay.hold(); // so that the candidate never gets live
  opened.defer(() => relay.release());
  await askForRestart(pod);
  let candidate: number | undefined;
  await pod.pod.until(async () => {
    candidate = (await envoysOf(pod.pod.pid)).find(({ pid }) => !known.has(pid))?.pid;
    return candidate !== undefined;
  });
  await sleep(chance * 600);
  kill(candidate, 'SIGKILL');
}

async function rotation({ pod }: Scene): Promise<void> {
  await pod.ready();
  pod.pod.signal('SIGUSR2');
}

async function crash({ pod }: Scene): Promise<void> {
  await pod.ready();
  kill(await envoyOf(pod), 'SIGKILL');
}

async function stopped({ pod }: Scene): Promise<void> {
  await pod.ready();
  kill(await envoyOf(pod), 'SIGSTOP');
}

async function hanging({ pod, opened }: Scene): Promise<void> {
  await pod.ready();
  opened.use(await FrozenThread.mainOf((await envoyOf(pod)) ?? 0));
}

async function drain({ pod }: Scene): Promise<void> {
  await pod.ready();
  await fetch(pod.pod.status('/drain'), { method: 'POST', headers: { connection: 'close' } });
}

async function askForRestart({ pod }: ShutdownPod): Promise<void> {
  await fetch(pod.status('/restart'), { method: 'POST', headers: { connection: 'close' } });
}

async function envoyOf({ pod }: ShutdownPod): Promise<number | undefined> {
  return (await processesIn(pod.root)).find(({ pid }) => pid !== pod.pid)?.pid;
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error('there is no Envoy');
  process.kill(pid, signal);
}
