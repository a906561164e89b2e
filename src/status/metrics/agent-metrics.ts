// All metrics of the agent as text 0.0.4: those of the process by prom-client, which is loaded with the first scrape,
// and those of the agent's parts.

import type { Registry } from 'prom-client';

import type { Metric } from './metric.ts';
import { metricText } from './metric-text.ts';
import { processMetrics } from './process-metrics.ts';

const PREFIX = 'istio_agent_';

/**
 * Milliseconds between two looks at the event loop. With the 10 of prom-client an agent that has nothing to do would
 * wake a hundred times a second; so it does not look at all.
 */
const NEVER_MS = 2 ** 31 - 1;

const LEFT_OUT = [
  // counted by prom-client from its first use on only; see process-metrics.ts
  ...['', 'user_', 'system_'].map((kind) => `process_cpu_${kind}seconds_total`),
  // not known without looking
  ...['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
    (statistic) => `nodejs_eventloop_lag_${statistic}_seconds`,
  ),
];

export class AgentMetrics {
  readonly #collect: () => readonly Metric[];
  #ofProcess: Promise<Registry> | undefined;

  /** @param collect every metric of the agent's parts, read anew at each scrape */
  constructor(collect: () => readonly Metric[]) {
    this.#collect = collect;
  }

  /** Without empty lines: where the application makes OpenMetrics of the page, one would spoil all of it. */
  async render(): Promise<string> {
    this.#ofProcess ??= processRegistry();
    const ofProcess = (await (await this.#ofProcess).metrics()).replaceAll('\n\n', '\n');
    const others = [...(await processMetrics()), ...this.#collect()].filter(
      ({ series }) => series.length > 0,
    );
    return [ofProcess, ...others.map((metric) => metricText(PREFIX, metric))].join('');
  }
}

async function processRegistry(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const register = new Registry();
  collectDefaultMetrics({ register, prefix: PREFIX, eventLoopMonitoringPrecision: NEVER_MS });
  for (const name of LEFT_OUT) register.removeSingleMetric(PREFIX + name);
  return register;
}
