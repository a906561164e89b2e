// What the supervisor shows of itself, as tests need it.

import type { EnvoySnapshot, EpochSnapshot } from '../../../src/envoy/snapshot.ts';

export const LIVE_EPOCH: EpochSnapshot = {
  epoch: 2,
  generation: 5,
  pid: 7,
  state: 'live',
  reason: 'test',
  since: new Date(0),
  liveAfterMs: 1,
  configHash: 'a1',
  binaryId: '1:2:3:4',
  hotRestartVersion: '11.104',
  zone: 'D',
  drainingSince: undefined,
  terminateDue: undefined,
};

/** By default there is no Envoy. */
export function envoySnapshot(changes: Partial<EnvoySnapshot> = {}): EnvoySnapshot {
  return {
    phase: 'idle',
    baseId: undefined,
    active: undefined,
    candidate: undefined,
    draining: [],
    pending: [],
    restartObstacle: undefined,
    restarts: { committed: 0, refused: 0, rolledBack: 0, crashed: 0 },
    lastRestart: undefined,
    budget: 10,
    adminLost: false,
    ending: undefined,
    history: [],
    ...changes,
  };
}
