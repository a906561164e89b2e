// What is counted of Envoy's restarts and ends, and what its supervisor shows, as metrics.

import type { EndedEpoch, EnvoyObserver, EnvoySnapshot, RestartRecord } from '../envoy/snapshot.ts';
import { counter, gauge, type NumberMetric, type Series } from '../status/metrics/metric.ts';

/** What may ask for a restart; whatever else is a repair of the supervisor's own. */
const CAUSES = ['operator', 'mesh-config', 'bootstrap', 'labels', 'binary'];

export class EnvoyMetrics implements EnvoyObserver {
  readonly #restarts = new Tally();
  readonly #exits = new Tally();

  readonly restarted = ({ reason, outcome }: RestartRecord): void => {
    if (outcome === 'unchanged') return;
    this.#restarts.add({ reason: causesOf(reason), outcome: outcome.replace('-', '_') });
  };

  readonly ended = ({ signal, code }: EndedEpoch): void => {
    this.#exits.add({ signal: signal ?? '', code: String(code ?? '') });
  };

  metrics(snapshot: EnvoySnapshot): readonly NumberMetric[] {
    const { active, draining, adminLost, restarts } = snapshot;
    const crashes = { labels: { reason: 'crash', outcome: 'crashed' }, value: restarts.crashed };
    const counted = [...this.#restarts.series, crashes]; // crashes from 0 on: a rise from nothing is none to Prometheus
    return [
      gauge('envoy_epoch', 'Epoch of the Envoy that serves; -1 without one.', active?.epoch ?? -1),
      gauge(
        'envoy_generation',
        'How many Envoys were started before it; -1 without one.',
        active?.generation ?? -1,
      ),
      counter('envoy_restarts_total', 'Planned restarts that are over, and crashes.', counted),
      ...handoffSeconds(active),
      gauge(
        'envoy_parent_alive',
        '1 while an older Envoy finishes its connections.',
        Number(draining.length > 0),
      ),
      gauge('envoy_admin_lost', '1 while the active Envoy has lost its admin port.', Number(adminLost)),
      counter('envoy_exits_total', 'Ends of Envoy processes.', this.#exits.series),
    ];
  }
}

/** @param outdated undefined: nobody looks at labels */
export function labelMetrics(outdated: boolean | undefined): readonly NumberMetric[] {
  if (outdated === undefined) return [];
  const help = "1 while the pod's labels are others than those Envoy was given.";
  return [gauge('envoy_labels_outdated', help, Number(outdated))];
}

/** Counts by labels. */
class Tally {
  readonly #counts = new Map<string, number>();

  get series(): readonly Series[] {
    return [...this.#counts].map(([text, value]) => ({
      labels: JSON.parse(text) as Series['labels'] & object,
      value,
    }));
  }

  add(labels: Readonly<Record<string, string>>): void {
    const key = JSON.stringify(labels);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}

/** Reasons of a merged restart, each once, in an order of their own: few values, whatever comes together. */
function causesOf(reason: string): string {
  const given = reason.split(', ');
  return CAUSES.filter((cause) => given.includes(cause)).join(',') || 'repair';
}

function handoffSeconds(active: EnvoySnapshot['active']): readonly NumberMetric[] {
  if (active?.zone === undefined || active.liveAfterMs === undefined) return []; // it took nothing over
  const help = 'How long the Envoy that serves took to take over.';
  return [gauge('envoy_handoff_seconds', help, active.liveAfterMs / 1000)];
}
