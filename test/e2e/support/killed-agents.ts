// An agent that is killed at a moment of a restart that nobody chose.

import { setTimeout as sleep } from 'node:timers/promises';

import { envoysOf, type EnvoyProcess } from './restart-processes.ts';
import { RestartingPod, type RestartingPodOptions } from './restarting-pod.ts';

const KILL_WITHIN_MS = 1500;

/** @param folder that of an agent before it, or empty; @returns its Envoys of that moment */
export async function killAgent(folder: string, options: RestartingPodOptions): Promise<EnvoyProcess[]> {
  await using pod = await RestartingPod.start(folder, options);
  await pod.ask('POST /restart');
  await sleep(Math.random() * KILL_WITHIN_MS);
  const envoys = await envoysOf(pod.pod.pid);
  pod.pod.signal('SIGKILL');
  await pod.pod.exited;
  return envoys;
}
