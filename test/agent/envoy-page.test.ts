import { deepEqual, equal } from 'node:assert/strict';

import { envoyPage } from '../../src/agent/envoy-page.ts';
import type { EndedEpoch, EnvoySnapshot } from '../../src/envoy/snapshot.ts';
import { envoySnapshot, LIVE_EPOCH } from './support/envoy-snapshot.ts';

/** What a client reads. */
function page(changes: Partial<EnvoySnapshot> = {}, connections = new Map<number, number>()): Page {
  return JSON.parse(JSON.stringify(envoyPage(envoySnapshot(changes), connections))) as Page;
}

type Page = Record<string, unknown> & {
  readonly draining: readonly Record<string, unknown>[];
  readonly history: readonly Record<string, unknown>[];
};

const ENDED: EndedEpoch = {
  ...LIVE_EPOCH,
  since: new Date(1000),
  liveAfterMs: 50,
  drainingSince: new Date(5000),
  ended: new Date(9000),
  code: 0,
  signal: null,
  asked: true,
};

describe('envoyPage', () => {
  it('says null for what there is not', () => {
    const { active, candidate, lastRestart, restartObstacle, pending, draining, history, budget } = page();

    deepEqual([active, candidate, lastRestart, restartObstacle], [null, null, null, null]);
    deepEqual([pending, draining, history, budget], [[], [], [], 10]);
  });

  it('tells what the end of the agent waits for, and that it does not end', () => {
    const since = new Date(1000);
    const ending = { asked: new Date(0), step: 'drain', since, deadline: new Date(6000) } as const;

    const { ending: shown } = page({ phase: 'draining', ending: { ...ending, open: undefined } });

    equal(page()['ending'], null);
    deepEqual(shown, {
      asked: '1970-01-01T00:00:00.000Z',
      step: 'drain',
      since: '1970-01-01T00:00:01.000Z',
      deadline: '1970-01-01T00:00:06.000Z',
      open: null,
    });
  });

  it('shows the Envoy that serves and the reasons of what waits', () => {
    const { phase, active, pending } = page({
      phase: 'running',
      active: LIVE_EPOCH,
      pending: ['operator', 'binary'],
    });

    const { epoch, generation, pid, since, configHash } = active as Record<string, unknown>;
    deepEqual([phase, pending], ['running', ['operator', 'binary']]);
    deepEqual([epoch, generation, pid, since, configHash], [2, 5, 7, '1970-01-01T00:00:00.000Z', 'a1']);
  });

  it('shows when an old Envoy ends, and what it still serves as far as that is known', () => {
    const terminateDue = new Date(60_000);
    const draining = [
      { ...LIVE_EPOCH, terminateDue },
      { ...LIVE_EPOCH, generation: 6, terminateDue },
    ];

    const shown = page({ draining }, new Map([[5, 12]])).draining;

    deepEqual(
      shown.map(({ terminateDue: due, connections }) => [due, connections]),
      [
        ['1970-01-01T00:01:00.000Z', 12],
        ['1970-01-01T00:01:00.000Z', null],
      ],
    );
  });

  it('tells of every ended Envoy why it was started, when, and how long each phase took', () => {
    const [shown] = page({ history: [ENDED] }).history;

    const { epoch, generation, pid, reason, started, live, ended, code, signal, asked, tookMs } = shown ?? {};
    deepEqual([epoch, generation, pid, reason, code, signal, asked], [2, 5, 7, 'test', 0, null, true]);
    deepEqual(
      [started, live, ended],
      ['1970-01-01T00:00:01.000Z', '1970-01-01T00:00:01.050Z', '1970-01-01T00:00:09.000Z'],
    );
    deepEqual(tookMs, { starting: 50, serving: 3950, draining: 4000 });
  });

  it('tells of an Envoy that was never live only how long it tried', () => {
    const failed = { ...ENDED, liveAfterMs: undefined, drainingSince: undefined, ended: new Date(1400) };

    const [shown] = page({ history: [failed] }).history;

    equal(shown?.['live'], null);
    deepEqual(shown?.['tookMs'], { starting: 400, serving: null, draining: null });
  });

  describe('of the last restart', () => {
    const lastRestart = {
      reason: 'operator',
      outcome: 'committed',
      error: '',
      durationMs: 800,
      ended: new Date(10_000),
    } as const;

    it('tells how long checks, handoff and probation took', () => {
      const active = { ...LIVE_EPOCH, since: new Date(9500), liveAfterMs: 60 };

      const shown = page({ lastRestart, active }).lastRestart as Record<string, unknown>;

      deepEqual([shown['reason'], shown['outcome'], shown['durationMs']], ['operator', 'committed', 800]);
      deepEqual(shown['tookMs'], { checks: 300, handoff: 60, probation: 440 });
    });

    it('tells it of a candidate that failed as well', () => {
      const failed = { ...ENDED, generation: 9, since: new Date(9600), liveAfterMs: undefined };

      const shown = page({ lastRestart, active: LIVE_EPOCH, history: [failed] }).lastRestart;

      deepEqual((shown as Record<string, unknown>)['tookMs'], { checks: 400, handoff: 400, probation: 0 });
    });

    it('knows of nothing but checks when no Envoy was started', () => {
      const shown = page({ lastRestart, active: LIVE_EPOCH }).lastRestart as Record<string, unknown>;

      deepEqual(shown['tookMs'], { checks: 800 });
    });
  });
});
