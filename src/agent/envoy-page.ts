// The debug page about Envoy, as JSON: the supervisor's snapshot, and what can be worked out from it. How long each
// phase took is told of the last restart and of every Envoy that has ended.

import type { EndedEpoch, EnvoySnapshot, EpochSnapshot } from '../envoy/snapshot.ts';

/**
 * @param connections open ones of draining Envoys by generation, as far as known
 * @returns plain data; times are RFC 3339, null where there is none
 */
export function envoyPage(snapshot: EnvoySnapshot, connections: ReadonlyMap<number, number>): unknown {
  const { baseId, active, candidate, draining, restartObstacle, ending, history } = snapshot;
  return {
    ...snapshot,
    baseId: baseId ?? null,
    active: active ?? null,
    candidate: candidate ?? null,
    draining: draining.map((epoch) => drainingEpoch(epoch, connections.get(epoch.generation))),
    restartObstacle: restartObstacle ?? null,
    lastRestart: lastRestart(snapshot),
    ending:
      ending === undefined
        ? null
        : { ...ending, deadline: ending.deadline ?? null, open: ending.open ?? null },
    history: history.map(endedEpoch),
  };
}

function drainingEpoch(epoch: EpochSnapshot, connections: number | undefined): unknown {
  return { ...epoch, connections: connections ?? null };
}

function endedEpoch(epoch: EndedEpoch): unknown {
  const { since, drainingSince, ended } = epoch;
  const live = liveSince(epoch);
  return {
    ...epoch,
    started: since,
    live: live ?? null,
    tookMs: {
      starting: msBetween(since, live ?? ended),
      serving: live === undefined ? null : msBetween(live, drainingSince ?? ended),
      draining: drainingSince === undefined ? null : msBetween(drainingSince, ended),
    },
  };
}

/** Checks: before there was a process. Handoff: until it was live, or gone. Probation: until it counted. */
function lastRestart(snapshot: EnvoySnapshot): unknown {
  const { lastRestart: last } = snapshot;
  if (last === undefined) return null;
  const began = new Date(last.ended.getTime() - last.durationMs);
  const started = newestIn(snapshot, began, last.ended);
  if (started === undefined) return { ...last, tookMs: { checks: last.durationMs } };
  const checks = msBetween(began, started.since);
  const handoff = msBetween(started.since, liveSince(started) ?? last.ended);
  return { ...last, tookMs: { checks, handoff, probation: Math.max(0, last.durationMs - checks - handoff) } };
}

/** The last Envoy that was started in that time. */
function newestIn(snapshot: EnvoySnapshot, from: Date, to: Date): EpochSnapshot | undefined {
  const { active, candidate, draining, history } = snapshot;
  return [active, candidate, ...draining, ...history]
    .filter((epoch) => epoch !== undefined)
    .filter(({ since }) => since >= from && since <= to)
    .toSorted((a, b) => b.generation - a.generation)[0];
}

function liveSince({ since, liveAfterMs }: EpochSnapshot): Date | undefined {
  return liveAfterMs === undefined ? undefined : new Date(since.getTime() + liveAfterMs);
}

function msBetween(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime());
}
