import { deepEqual, equal } from 'node:assert/strict';

import { EnvoyMetrics, labelMetrics } from '../../src/agent/envoy-metrics.ts';
import type { EndedEpoch, EnvoySnapshot, RestartRecord } from '../../src/envoy/snapshot.ts';
import type { Series } from '../../src/status/metrics/metric.ts';
import { envoySnapshot, LIVE_EPOCH } from './support/envoy-snapshot.ts';

function restart(reason: string, outcome: RestartRecord['outcome']): RestartRecord {
  return { reason, outcome, error: '', durationMs: 1, ended: new Date(0) };
}

function end(code: number | null, signal: string | null): EndedEpoch {
  return { ...LIVE_EPOCH, ended: new Date(0), code, signal, asked: true };
}

function series(
  metrics: EnvoyMetrics,
  name: string,
  changes: Partial<EnvoySnapshot> = {},
): readonly Series[] {
  return metrics.metrics(envoySnapshot(changes)).find((metric) => metric.name === name)?.series ?? [];
}

describe('EnvoyMetrics', () => {
  it('counts restarts by what asked for them and what became of them, and crashes', () => {
    const metrics = new EnvoyMetrics();
    metrics.restarted(restart('operator', 'committed'));
    metrics.restarted(restart('operator', 'committed'));
    metrics.restarted(restart('binary', 'rolled-back'));
    metrics.restarted(restart('mesh-config', 'refused'));
    metrics.restarted(restart('mesh-config', 'unchanged'));

    const restarts = { committed: 2, refused: 1, rolledBack: 1, crashed: 3 };

    deepEqual(series(metrics, 'envoy_restarts_total', { restarts }), [
      { labels: { reason: 'operator', outcome: 'committed' }, value: 2 },
      { labels: { reason: 'binary', outcome: 'rolled_back' }, value: 1 },
      { labels: { reason: 'mesh-config', outcome: 'refused' }, value: 1 },
      { labels: { reason: 'crash', outcome: 'crashed' }, value: 3 },
    ]);
  });

  it('gives one label to one set of causes, and one to all repairs', () => {
    const metrics = new EnvoyMetrics();
    metrics.restarted(restart('mesh-config, operator', 'committed'));
    metrics.restarted(restart('operator, mesh-config', 'committed'));
    metrics.restarted(restart('the admin port was lost', 'committed'));
    metrics.restarted(restart('listeners are missing', 'committed'));

    deepEqual(
      series(metrics, 'envoy_restarts_total').map(({ labels, value }) => [labels?.['reason'], value]),
      [
        ['operator,mesh-config', 2],
        ['repair', 2],
        ['crash', 0],
      ],
    );
  });

  it('shows crashes before the first one, so that a rise over time finds that one', () => {
    deepEqual(series(new EnvoyMetrics(), 'envoy_restarts_total'), [
      { labels: { reason: 'crash', outcome: 'crashed' }, value: 0 },
    ]);
  });

  it('counts the ends of processes', () => {
    const metrics = new EnvoyMetrics();
    for (const each of [end(0, null), end(null, 'SIGKILL'), end(0, null)]) metrics.ended(each);

    deepEqual(series(metrics, 'envoy_exits_total'), [
      { labels: { signal: '', code: '0' }, value: 2 },
      { labels: { signal: 'SIGKILL', code: '' }, value: 1 },
    ]);
  });

  it('shows the Envoy that serves, and whether there is one', () => {
    const metrics = new EnvoyMetrics();
    const value = (name: string, changes?: Partial<EnvoySnapshot>) =>
      series(metrics, name, changes)[0]?.value;

    deepEqual([value('envoy_epoch'), value('envoy_generation')], [-1, -1]);
    deepEqual(
      [value('envoy_epoch', { active: LIVE_EPOCH }), value('envoy_generation', { active: LIVE_EPOCH })],
      [2, 5],
    );
  });

  it('shows a parent that is alive, and an admin port that is lost', () => {
    const metrics = new EnvoyMetrics();
    const value = (name: string, changes?: Partial<EnvoySnapshot>) =>
      series(metrics, name, changes)[0]?.value;

    deepEqual([value('envoy_parent_alive'), value('envoy_parent_alive', { draining: [LIVE_EPOCH] })], [0, 1]);
    deepEqual([value('envoy_admin_lost'), value('envoy_admin_lost', { adminLost: true })], [0, 1]);
  });

  it('tells how long a handoff took, and nothing of an Envoy that took nothing over', () => {
    const metrics = new EnvoyMetrics();
    const active = { ...LIVE_EPOCH, liveAfterMs: 250 };

    equal(series(metrics, 'envoy_handoff_seconds', { active })[0]?.value, 0.25);
    deepEqual(series(metrics, 'envoy_handoff_seconds', { active: { ...active, zone: undefined } }), []);
    deepEqual(series(metrics, 'envoy_handoff_seconds'), []);
  });
});

describe('labelMetrics', () => {
  it('tells of labels that Envoy was not given, where anybody looks', () => {
    deepEqual(labelMetrics(undefined), []);
    deepEqual(labelMetrics(true)[0]?.series, [{ value: 1 }]);
  });
});
