// What stands in Envoy's place in a pod whose application speaks xDS itself: nothing runs, and the agent ends when it
// is told to.

import type { RestartOutcome } from '../envoy/restart/restart-outcome.ts';
import type { EnvoySnapshot } from '../envoy/snapshot.ts';
import type { EnvoyEnd, EnvoySupervisor } from '../envoy/supervisor.ts';
import type { Log } from '../runtime/log.ts';
import { aborted } from '../runtime/tasks.ts';

/** Envoy as the agent's other parts see it, be there one or none. */
export type EnvoyPart = Pick<
  EnvoySupervisor,
  'run' | 'restart' | 'drain' | 'skipDrain' | 'reopenLogs' | 'killAll' | 'snapshot' | 'drainingConnections'
>;

export class NoEnvoy implements EnvoyPart {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  async run(stop: AbortSignal): Promise<EnvoyEnd> {
    await aborted(stop);
    return { kind: 'drained' };
  }

  async restart(reason: string): Promise<RestartOutcome> {
    const why = 'there is no Envoy';
    this.#log.error(`hot restart (${reason}) refused: ${why}`);
    return { kind: 'refused', why };
  }

  async drain(): Promise<void> {
    // nothing has connections
  }

  skipDrain(): void {
    // nothing drains
  }

  reopenLogs(): void {
    // nothing writes logs
  }

  killAll(): void {
    // nothing runs
  }

  async drainingConnections(): Promise<ReadonlyMap<number, number>> {
    return new Map();
  }

  snapshot(): EnvoySnapshot {
    return {
      phase: 'idle',
      baseId: undefined,
      active: undefined,
      candidate: undefined,
      draining: [],
      pending: [],
      restartObstacle: 'there is no Envoy',
      restarts: { committed: 0, refused: 0, rolledBack: 0, crashed: 0 },
      lastRestart: undefined,
      budget: 0,
      adminLost: false,
      ending: undefined,
      history: [],
    };
  }
}
