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

/** Not known without looking. */
const LAG_STATISTICS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

export class AgentMetrics {
  readonly #collect: () => readonly Metric[];
  #ofProcess: Promise<Registry> | undefined;

  /** @param collect every metric of the agent's parts, read anew at each scrape */
  constructor(collect: () => readonly Metric[]) {
    this.#collect = collect;
  }

  async render(): Promise<string> {
    this.#ofProcess ??= processRegistry();
    const ofProcess = await (await this.#ofProcess).metrics();
    const others = [...(await processMetrics()), ...this.#collect()].filter(
      ({ series }) => series.length > 0,
    );
    return [ofProcess, ...others.map((metric) => metricText(PREFIX, metric))].join('\n');
  }
}

async function processRegistry(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const register = new Registry();
  collectDefaultMetrics({ register, prefix: PREFIX, eventLoopMonitoringPrecision: NEVER_MS });
  for (const statistic of LAG_STATISTICS) {
    register.removeSingleMetric(`${PREFIX}nodejs_eventloop_lag_${statistic}_seconds`);
  }
  return register;
}
