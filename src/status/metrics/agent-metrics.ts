// All metrics of the agent as text 0.0.4: those of the process by prom-client, which is loaded with the first scrape,
// and those of the agent's parts.

import type { Registry } from 'prom-client';

import type { Metric } from './metric.ts';
import { metricText } from './metric-text.ts';

const PREFIX = 'istio_agent_';

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
    const ofParts = this.#collect().filter(({ series }) => series.length > 0);
    return [ofProcess, ...ofParts.map((metric) => metricText(PREFIX, metric))].join('\n');
  }
}

async function processRegistry(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const register = new Registry();
  collectDefaultMetrics({ register, prefix: PREFIX });
  return register;
}
